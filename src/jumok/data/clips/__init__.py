"""Frames one after another: folders of images, animations, videos and lists, and which of their frames are read."""
