"""Annotated images in common formats: COCO, Pascal VOC, YOLO, labelme, CVAT, Label Studio, tables of boxes, masks."""
