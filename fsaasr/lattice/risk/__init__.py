"""Minimum Bayes risk, confusion networks, and confidence of words."""
