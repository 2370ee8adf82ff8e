"""Texts: sentences, words, numbers, codes; whatever is written as characters, read and written."""
