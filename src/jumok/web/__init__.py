"""What the servers of this package have in common: which requests they let in, and how uploads are read."""
