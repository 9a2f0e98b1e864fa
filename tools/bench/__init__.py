"""Speed, memory and word errors of this package's decoder and of others on the same graph and scores.

This package and the modules that a decoder's process needs import nothing heavy, as one of those processes runs
in an environment without fsaasr.
"""
