"""The kinds of data. A new kind is a package, and a line here."""

KINDS = {
    "text": "jumok.kinds.text",
    "image": "jumok.kinds.image",
    "boxes": "jumok.kinds.boxes",
    "mask": "jumok.kinds.mask",
    "label": "jumok.kinds.label",
    "values": "jumok.kinds.values",
    "series": "jumok.kinds.series",
}
