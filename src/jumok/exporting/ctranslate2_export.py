"""Export to CTranslate2: which models it can run, and how a program runs them without jumok."""

import math
from pathlib import Path
from typing import Any

from jumok.data.text.specials import EOS
from jumok.deferred import import_extra
from jumok.errors import ConfigurationError
from jumok.exporting.target import ExportRequest, Written
from jumok.exporting.text_example import decode_expression, encode_expression, tokenizer_lines
from jumok.exporting.to_ctranslate2 import write_ctranslate2
from jumok.predictor.ctranslate2_engine import CTRANSLATE2_FILES, NEVER_WRITTEN
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
    return Written({name: limit}, example_program(request.predictor), ("ctranslate2", "tokenizers"))


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


def example_program(predictor: Predictor) -> str:
    """The program that answers lines of standard input."""
    (source,), (target,) = predictor.inputs.values(), predictor.outputs.values()
    decoding = predictor.decoding
    beam = 1 if decoding.method == "greedy" else decoding.beam
    return "\n".join(
        [
            "import sys",
            "import ctranslate2",
            *tokenizer_lines(source.name, target.name),
            f"model = ctranslate2.Translator({CTRANSLATE2_FILES!r})",
            "for line in sys.stdin:",
            f"    ids = {encode_expression(source.codec, source.name, 'line')} + [{EOS}]",
            "    found = model.translate_batch([[str(i) for i in ids]], "
            f"beam_size={beam}, length_penalty={decoding.length_penalty},",
            f"                                  max_decoding_length={predictor.max_tokens}, "
            f"min_decoding_length=0, suppress_sequences={NEVER_WRITTEN})",
            "    ids = [int(token) for token in found[0].hypotheses[0]]",
            f"    print({decode_expression(target.codec, target.name, 'ids')})",
        ]
    )
