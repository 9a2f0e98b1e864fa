"""Speed, memory and sizes of what is done to lattices, here and by Kaldi, on the same graph, scores and beams.

A process of Kaldi's runs in an environment without fsaasr, and in an old Python.
"""
