"""What a new experiment file says of a mask."""

from jumok.kinds.templates import Template

ENTRY = """\
  {name}:
    kind: mask
    decoder: {{kind: unet}}
"""
OUTPUT_TEMPLATE = Template("mask", ENTRY)
