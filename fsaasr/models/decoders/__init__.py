"""Decoders: an encoder's vectors and the tokens so far in, scores of the next token and of the end out."""
