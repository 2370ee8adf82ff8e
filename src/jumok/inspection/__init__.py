"""See what a model looked at: one input through a predictor, every attention on the way, and whether it mattered."""
