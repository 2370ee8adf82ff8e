"""Images with boxes, outlines or masks, as people have them: COCO, Pascal VOC, YOLO, mask folders."""
