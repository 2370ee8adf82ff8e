"""Images: photographs, scans, drawings, in files and arrays."""
