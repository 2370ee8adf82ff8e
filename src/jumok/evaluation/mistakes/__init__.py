"""Annotations that a model disagrees with: of a split, of one item, and by models that have not seen them."""
