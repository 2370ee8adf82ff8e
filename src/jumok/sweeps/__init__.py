"""Many trainings of one experiment: variants side by side, and the search for the best options."""
