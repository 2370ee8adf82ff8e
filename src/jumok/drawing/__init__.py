"""Draws boxes, names and masks on images, sheets of them, and series and forecasts as charts."""
