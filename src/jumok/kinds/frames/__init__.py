"""Frames: folders of images, animations, videos."""
