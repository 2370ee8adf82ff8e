"""Encoders: from an input to the memory that decoders attend to."""
