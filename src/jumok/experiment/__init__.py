"""The configuration: one YAML file, parsed once, refused with a sentence; builds the parts by plain constructors."""

from jumok.experiment.file import read_experiment
from jumok.experiment.options import Experiment

__all__ = ["Experiment", "read_experiment"]
