"""CVAT's XML for images, read and written."""
