"""Searches with attention decoders: one token after another."""
