"""Look into a model that was trained: what attention looked at, what is derived of it, and whether it matters."""
