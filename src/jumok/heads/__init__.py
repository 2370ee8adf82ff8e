"""Heads: from a memory to boxes, labels, values or forecasts, all at once."""
