"""Models for other engines: as programs that tensors go into and come out of."""
