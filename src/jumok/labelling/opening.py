"""Opens annotations to be labelled: of an experiment, or of a folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jumok.labelling.contract import LabelStore

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment


@dataclass(frozen=True)
class OpenedLabels:
    """The annotations that are labelled, and what they belong to."""

    name: str  # of the experiment or the folder
    store: LabelStore
    split: str = "train"
    output: str = ""  # of the experiment
    experiment: "Experiment | None" = None
    elsewhere: frozenset[Path] = frozenset()  # images of other splits, which are not labelled here
