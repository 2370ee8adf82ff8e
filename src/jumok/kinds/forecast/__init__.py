"""Forecasts: the next steps of a series."""
