"""From frames to words: each word sequence once."""
