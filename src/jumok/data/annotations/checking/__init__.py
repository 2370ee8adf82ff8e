"""Checks of images, boxes and masks: faults, corrections, and a summary."""
