"""Look at what a model looked at: derived views, tests of whether it mattered, and the workbench."""
