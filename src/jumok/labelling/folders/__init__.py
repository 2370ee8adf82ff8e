"""Folders with a label file for each image, labelled in place: YOLO and Pascal VOC."""
