"""Reading and replacing files in place: what is not changed keeps its bytes."""
