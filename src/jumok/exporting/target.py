"""What exporters of the several runtimes have in common: what they are given, and what they give."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from jumok.dataset.split import Split
from jumok.predictor.predictor import Predictor

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

Runtime = Literal["ctranslate2", "onnx"]
Quantization = Literal["none", "int8", "int16"]


@dataclass(frozen=True)
class ExportRequest:
    """What is exported."""

    run: Path
    predictor: Predictor  # in torch, on the processor
    experiment: "Experiment"
    quantize: Quantization
    split: Split | None  # examples to shape programs by, and to calibrate with; None where there are no data


@dataclass(frozen=True)
class Written:
    """What an exporter has written, as model.json tells it."""

    limits: Mapping[str, int | None]  # the longest item of each input; None for any
    programs: Mapping[str, Any] = field(default_factory=dict)


class Exporter(Protocol):
    """Writes a model for one runtime."""

    def __call__(self, folder: Path, request: ExportRequest) -> Written:
        """Write the files of the runtime into a folder; raises ConfigurationError where it cannot run such a model."""
        ...
