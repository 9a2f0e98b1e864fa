"""Encoders: `(N, T, F)` features with lengths to `(N, T', D)` vectors with lengths, at a known frame rate."""
