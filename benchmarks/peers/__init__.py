"""The systems that benchmarks/translation.py runs side by side: one module each, with `versions`, `train` and `decode`.

A module imports its own system and `peers.job`, nothing else, so that each can live in an environment of its own.
"""
