"""labelme's JSON files, read and written."""
