"""What a new experiment file says of an image."""

from io import BytesIO
from pathlib import Path

from jumok.kinds.made_up import MadeUp, draw_shapes
from jumok.kinds.templates import Template
from jumok.outputs import write_made

ENTRY = """\
  {name}:
    kind: image
    size: 320                    # pixels of the longer side, to which every image is scaled
    encoder:
      backbone: resnet18         # any timm model, pretrained; or convolutional: small, built in, no download
"""
SMALL_ENTRY = """\
  {name}:
    kind: image
    size: 64                     # pixels of the longer side, to which every image is scaled; for photos 320
    encoder:                     # small, built in, no download; for photos backbone: resnet18, or any timm model
      backbone: convolutional
      channels: [8, 16, 32, 64, 64]
"""


def png_file(one: MadeUp, folder: Path) -> str:
    """An example as a file."""
    encoded = BytesIO()
    draw_shapes(one).save(encoded, format="PNG")
    write_made(folder / f"{one.file_name}.png", encoded.getvalue())
    return f"{folder.name}/{one.file_name}.png"


INPUT_TEMPLATE = Template("image", ENTRY, SMALL_ENTRY, png_file)
