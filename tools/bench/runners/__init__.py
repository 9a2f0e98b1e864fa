"""One class for each way of decoding; `tools.bench.runner` says what they have in common."""
