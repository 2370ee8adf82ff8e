"""What a new experiment file says of boxes."""

from jumok.kinds.templates import Template

ENTRY = """\
  {name}:
    kind: boxes
    head: {{kind: dense}}          # or query: object queries that look at the image, as in DETR
"""
OUTPUT_TEMPLATE = Template("objects", ENTRY)
