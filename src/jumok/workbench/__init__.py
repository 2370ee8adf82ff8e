"""The workbench: a local page that shows what a model looks at, its server, and the same page as one file."""
