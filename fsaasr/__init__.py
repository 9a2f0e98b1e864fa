"""Speech recognition with finite-state graphs."""

__version__ = "0.1.0"
