"""The workbench: a local page that shows the attention of a model, its server, and the same page as one file."""
