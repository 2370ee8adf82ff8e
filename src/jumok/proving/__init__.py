"""Proofs that users run on their own experiment and machine: that a training survives what happens to machines."""
