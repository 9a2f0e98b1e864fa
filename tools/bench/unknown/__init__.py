"""Words out of vocabulary: what is noticed, what is spelt, and what it costs the words that are known."""
