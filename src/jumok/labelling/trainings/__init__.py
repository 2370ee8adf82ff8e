"""Trainings on what is labelled so far, in processes beside the label page."""
