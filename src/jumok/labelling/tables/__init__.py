"""Tables whose cells are labelled: a class, a text or numbers for each row or image."""
