"""People's files of texts and tables, read row by row, each faulty row with its reason."""
