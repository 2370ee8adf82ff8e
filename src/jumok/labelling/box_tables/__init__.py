"""Tables of boxes that are labelled in place."""
