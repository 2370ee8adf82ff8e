"""Predictions by many processes and machines: parts of the inputs, answered apart and joined in order."""
