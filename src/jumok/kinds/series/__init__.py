"""Series: signals of one or more channels, from tables, arrays and lists."""
