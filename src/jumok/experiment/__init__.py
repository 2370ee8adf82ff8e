"""The configuration: one YAML file, parsed and validated once; errors are one sentence."""

from typing import TYPE_CHECKING

from jumok.deferred import lazy_names

if TYPE_CHECKING:
    from jumok.experiment.file import read_experiment
    from jumok.experiment.options import Experiment

__all__ = ["Experiment", "read_experiment"]

if not TYPE_CHECKING:  # type checkers see the names above only
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "jumok.experiment.file": ("read_experiment",),
            "jumok.experiment.options": ("Experiment",),
        },
    )
