"""Scores of other language models in place of the first one's."""
