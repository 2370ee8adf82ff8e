"""What a model proposes to mark on items that nobody labelled yet."""
