"""Necks: combine the feature levels of an encoder before a head reads them."""
