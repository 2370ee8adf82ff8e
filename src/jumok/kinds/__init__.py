"""Kinds of data. A kind is one file that knows how to check, encode, batch, predict and score values of that kind."""
