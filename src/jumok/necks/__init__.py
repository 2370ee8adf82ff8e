"""Between encoder and head: the levels of an image, made to know of each other."""
