"""Heads: predict boxes from the memory of an image."""
