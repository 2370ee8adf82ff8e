"""What a new experiment file says of a forecast."""

from pathlib import Path

from jumok.kinds.made_up import TIME_STEPS, MadeUp, series_table, signal
from jumok.kinds.templates import Template
from jumok.outputs import write_made

ENTRY = """\
  {name}:
    kind: forecast
    past: {past}                 # the input that goes on
    horizon: 12                  # steps to forecast
    head: {{kind: direct}}         # all steps at once; or autoregressive: some steps after the others
    loss: mse                    # or mae, or quantile
    metric: mse                  # chooses the best model; or mae, mase, pinball
    quantiles: []                # like [0.1, 0.5, 0.9]: how far the truth may be
    # season: 24                 # steps of a season, for mase and the baselines
"""


def next_steps(one: MadeUp, folder: Path) -> str:
    """What follows the series of an example, as a file."""
    write_made(folder / f"{one.file_name}.csv", series_table(signal(one)[TIME_STEPS:]).encode())
    return f"{folder.name}/{one.file_name}.csv"


OUTPUT_TEMPLATE = Template("next", ENTRY, cell=next_steps, goes_on=True)
