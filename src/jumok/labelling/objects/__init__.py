"""What all stores of boxes and outlines share: images, marks, records of a text, and how they change."""
