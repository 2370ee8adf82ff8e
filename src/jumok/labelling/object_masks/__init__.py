"""Folders of one mask for each object, labelled in place."""
