"""Masks of classes that are painted on: one file for each image."""
