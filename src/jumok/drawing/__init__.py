"""Draw boxes, names and masks on images."""
