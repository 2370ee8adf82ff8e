"""Boxes: objects in an image, each with a class, a place and a score."""
