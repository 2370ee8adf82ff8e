"""Scoring a model on a split: scores with intervals, where it does well, and whether two models differ."""
