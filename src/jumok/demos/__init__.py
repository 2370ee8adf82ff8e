"""Demos: small real tasks that need no download; each writes its data and an ordinary experiment file, then trains."""
