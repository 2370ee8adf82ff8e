"""Label Studio's JSON exports, read and written."""
