"""Labels: the class of an input, or several."""
