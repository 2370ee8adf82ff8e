"""The label page's server: items and marks over HTTP, images as they are shown, proposals, background training."""
