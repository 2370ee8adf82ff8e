"""The folder of a run: where each of its files is, who may write in it, what it notes."""
