"""What a new experiment file says of values."""

from pathlib import Path

from jumok.kinds.made_up import MadeUp
from jumok.kinds.templates import Template

ENTRY = """\
  {name}:
    kind: values
    head: {{pool: attention, layers: 1}}         # pool: mean looks at nothing in particular
    uncertainty: quantiles       # or variance, none: how sure the model is to say it is
    interval: 0.9                # the share of true values that its intervals should hold
    metric: mae                  # chooses the best model; or rmse, r2
    # names: [width, height]     # where a cell holds several numbers, as a JSON list
"""


def amount_of(one: MadeUp, folder: Path) -> str:
    """How many shapes an example has."""
    return str(one.amount)


OUTPUT_TEMPLATE = Template("amount", ENTRY, cell=amount_of)
