"""The kinds of data. A new kind is a package, and a line here."""

KINDS = {
    "text": "jumok.kinds.text",
    "image": "jumok.kinds.image",
    "series": "jumok.kinds.series",
    "frames": "jumok.kinds.frames",
    "boxes": "jumok.kinds.boxes",
    "mask": "jumok.kinds.mask",
    "label": "jumok.kinds.label",
    "values": "jumok.kinds.values",
    "forecast": "jumok.kinds.forecast",
}
