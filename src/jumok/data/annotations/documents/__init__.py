"""JSON and XML files of annotation tools, whose records know their lines."""
