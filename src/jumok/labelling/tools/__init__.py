"""Files of other labelling tools, labelled in place: CVAT, labelme, Label Studio."""
