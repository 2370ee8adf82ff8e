"""Many inputs through a predictor: streams of answers, with progress and warnings as values; nothing is printed."""
