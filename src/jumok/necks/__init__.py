"""Between encoder and head: the levels of a picture, made to know of each other."""
