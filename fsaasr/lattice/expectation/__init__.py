"""Sums over all paths, and paths drawn from them."""
