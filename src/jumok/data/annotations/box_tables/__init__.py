"""Tables of boxes (CSV), read."""
