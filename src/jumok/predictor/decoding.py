"""The decoding options of an experiment, changed by who asks."""

from typing import TYPE_CHECKING, Any

from jumok.experiment.file import build_experiment

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment
    from jumok.kinds.options import DecodingOptions


def decoding_options(experiment: "Experiment", changes: dict[str, Any]) -> "DecodingOptions":
    """The decoding options of an experiment, with changes; a change of None keeps what was there."""
    given = experiment.model_dump(mode="json")
    given["decoding"] = {**given["decoding"], **{k: v for k, v in changes.items() if v is not None}}
    return build_experiment(given, "decoding options").decoding
