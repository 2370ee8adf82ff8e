"""Kinds of data. A kind is a package that knows how to check, encode, batch, predict and score values of that kind."""
