"""Export to CTranslate2: which models it can run, and how long their texts may be."""

import math
from pathlib import Path
from typing import Any

from jumok.deferred import import_extra
from jumok.errors import ConfigurationError
from jumok.exporting.target import ExportRequest, Written
from jumok.exporting.to_ctranslate2 import write_ctranslate2
from jumok.predictor.ctranslate2_engine import CTRANSLATE2_FILES
from jumok.predictor.predictor import Predictor

MIN_POSITIONS = 1024  # of a sine table, which ends somewhere
RUNS = "CTranslate2 runs Transformers from one text to one text"


def export_ctranslate2(folder: Path, request: ExportRequest) -> Written:
    """Write the model into `ctranslate2/`; see `Exporter`."""
    import_extra("ctranslate2", "export", "an export to CTranslate2")
    reason = unfit(request.predictor)
    if reason is not None:
        raise ConfigurationError(
            f"{request.run}: {RUNS}, but {reason}; the door that is open to it is "
            f"`jumok export {request.run} --to onnx`"
        )
    positions = max(MIN_POSITIONS, request.experiment.data.max_tokens)
    quantization = None if request.quantize == "none" else request.quantize
    write_ctranslate2(folder / CTRANSLATE2_FILES, request.predictor.model, positions, quantization)
    limit = positions_of(request.predictor, positions)
    (name,) = request.predictor.inputs
    return Written({name: limit})


def unfit(predictor: Predictor) -> str | None:
    """Why CTranslate2 cannot run a model; None where it can."""
    for names, does in ((predictor.inputs, "reads"), (predictor.outputs, "writes")):
        if len(names) != 1:
            return f"it {does} {len(names)} ({', '.join(names)})"
    (read,), (written,) = predictor.inputs.values(), predictor.outputs.values()
    if (read.kind, read.architecture) != ("text", "transformer"):
        return f"{read.name} is {read.kind} and read by {read.architecture}"
    if (written.kind, written.architecture) != ("text", "transformer"):
        return f"{written.name} is {written.kind} and written by {written.architecture}"
    return None


def positions_of(predictor: Predictor, table: int) -> int | None:
    """The most positions that the exported model has; None for any, as with rotary positions."""
    (encoder,) = predictor.model.encoders.values()
    parts: Any = encoder
    if parts.layers[0].attention.rotary is not None:
        return None
    return table if parts.max_length == math.inf else int(parts.max_length)
