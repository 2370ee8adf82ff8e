"""Masks beside images: one of all classes for each image, or one for each object."""
