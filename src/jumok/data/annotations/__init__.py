"""Annotated images in common formats: COCO, Pascal VOC, YOLO, labelme, CVAT, tables of boxes, masks."""
