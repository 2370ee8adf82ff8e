"""Simple answers that a model has to beat: what kinds offer, and the numeric parts they are made of, without torch."""
