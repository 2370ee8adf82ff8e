"""Whole data sets of any format, split by split: recognized, read, written, and what is lost on the way."""
