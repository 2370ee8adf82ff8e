"""Reads people's files and finds their faults; vocabularies, memory-mapped corpora, splits and batches."""
