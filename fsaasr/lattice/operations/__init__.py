"""Lattices from lattices."""
