"""What models are stacked of."""
