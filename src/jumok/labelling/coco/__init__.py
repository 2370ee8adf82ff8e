"""COCO files that are labelled in place."""
