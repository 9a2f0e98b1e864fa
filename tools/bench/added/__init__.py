"""What words add in a search: hotwords, and language models in place of the graph's."""
