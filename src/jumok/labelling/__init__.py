"""Annotations written by hand: stores of what is marked on each item, proposals of a model, the order of work."""
