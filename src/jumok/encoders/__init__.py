"""From an input to a memory that decoders can question."""
