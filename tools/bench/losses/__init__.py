"""Losses over graphs, natively and by k2: time and memory at equal gradients."""
