"""Decoders: from a memory to tokens, all at once in training (`forward`), one by one in a search (`start`, `step`)."""
