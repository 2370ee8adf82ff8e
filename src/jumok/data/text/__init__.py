"""From texts to tokens: vocabularies, and what a corpus is like."""
