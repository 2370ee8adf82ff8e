"""Reads data of users and reports faults; vocabularies, memory-mapped corpora, splits and batches."""
