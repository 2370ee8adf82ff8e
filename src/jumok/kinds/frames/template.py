"""What a new experiment file says of frames."""

from io import BytesIO
from pathlib import Path

from jumok.kinds.made_up import MadeUp, draw_shapes
from jumok.kinds.templates import Template
from jumok.outputs import write_made

FRAMES = 5  # of a clip

ENTRY = """\
  {name}:
    kind: frames
    size: 160                    # pixels of the longer side, to which every frame is scaled
    frames: 16                   # of a clip, evenly over its length; or sampling: stride, every: 5
    encoder:
      frame: {{backbone: resnet18}}              # any timm model, pretrained; or convolutional, no download
      time: {{kind: transformer, layers: 2}}     # or {{kind: recurrent, cell: gru}}
"""
SMALL_ENTRY = """\
  {name}:
    kind: frames
    size: 64                     # pixels of the longer side, to which every frame is scaled; for videos 160
    frames: 5                    # of a clip, evenly over its length; for videos 16; or sampling: stride, every: 5
    encoder:
      # small, built in, no download; for videos frame: {{backbone: resnet18}}, or any timm model
      frame: {{backbone: convolutional, channels: [8, 16, 32, 64]}}
      time: {{kind: transformer, layers: 1}}     # or {{kind: recurrent, cell: gru}}
"""


def gif_file(one: MadeUp, folder: Path) -> str:
    """An example as a file: its shapes move to the right."""
    first, *others = (draw_shapes(one, shift).quantize(8) for shift in range(FRAMES))
    encoded = BytesIO()
    first.save(encoded, format="GIF", save_all=True, append_images=others, duration=100, optimize=False)
    write_made(folder / f"{one.file_name}.gif", encoded.getvalue())
    return f"{folder.name}/{one.file_name}.gif"


INPUT_TEMPLATE = Template("clip", ENTRY, SMALL_ENTRY, gif_file)
