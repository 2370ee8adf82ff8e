"""Series: signals of one or more channels, in arrays, tables and cells."""
