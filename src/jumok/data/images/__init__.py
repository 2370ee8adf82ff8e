"""People's images and masks: read, looked at, scaled into a batch, and varied."""
