"""The folder of a run: its layout, lock and log."""
