"""Series: signals of one or several channels over time."""
