"""Images for people: images with boxes, names and masks over them."""
