"""Inspect a model: the attention of every layer for one input, and whether it mattered for the output."""
