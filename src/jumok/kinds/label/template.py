"""What a new experiment file says of a label."""

from pathlib import Path

from jumok.kinds.made_up import MadeUp
from jumok.kinds.templates import Template

ENTRY = """\
  {name}:
    kind: label
    head: {{pool: attention, layers: 1}}         # pool: mean looks at nothing in particular
    class_weights: none          # or balanced, where some classes are rare
    metric: accuracy             # chooses the best model; or balanced_accuracy, f1, auroc, log_loss
    # ordered: [low, high]       # where classes are ranks: from the lowest to the highest
    # several: true              # where an example has several labels, with ; between them
"""


def shape_of(one: MadeUp, folder: Path) -> str:
    """The shape of an example."""
    return one.shape


OUTPUT_TEMPLATE = Template("label", ENTRY, cell=shape_of)
