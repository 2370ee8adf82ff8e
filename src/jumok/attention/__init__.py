"""Attention: compare queries with keys, and average values by the weights."""
