"""Recordings of sensors, in which stretches of time are labelled."""
