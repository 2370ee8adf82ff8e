"""Values: numbers that are measured of an input, each with an interval."""
