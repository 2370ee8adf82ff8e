"""Serves models over HTTP: each in a process of its own, with batches, bounded queues and deadlines."""
