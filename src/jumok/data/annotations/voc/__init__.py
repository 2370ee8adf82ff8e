"""Pascal VOC, read and written."""
