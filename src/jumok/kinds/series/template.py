"""What a new experiment file says of a series."""

from pathlib import Path

from jumok.kinds.made_up import TIME_STEPS, MadeUp, series_table, signal
from jumok.kinds.templates import Template
from jumok.outputs import write_made

ENTRY = """\
  {name}:
    kind: series
    # rate: 50                   # samples a second, for pages and drawings
    # gaps: mark                 # where the clock jumps, samples count as not measured
    normalize: train             # each channel by its mean and deviation in train; or none
    encoder: {{kind: patches, patch: 16, stride: 8, layers: 3}}   # or kind: recurrent or convolution
    augment: {{jitter: 0.0, scale: 0.0, shift: 0.0, mask: 0.0, speed: 0.0}}   # how much it is varied in training
"""


def csv_file(one: MadeUp, folder: Path) -> str:
    """An example as a file: a column for each channel, a row for each time step."""
    write_made(folder / f"{one.file_name}.csv", series_table(signal(one)[:TIME_STEPS]).encode())
    return f"{folder.name}/{one.file_name}.csv"


INPUT_TEMPLATE = Template("signal", ENTRY, cell=csv_file)
