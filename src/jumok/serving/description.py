"""What a server tells of a model: inputs, outputs, options, and examples of its test split."""

import json
from itertools import islice
from pathlib import Path
from typing import Any

from jumok.errors import JumokError
from jumok.inspection.inspect import summarize_model
from jumok.predictor import Predictor
from jumok.runs.layout import RunLayout, run_of

SHOWN_EXAMPLES = 3
MAX_EXAMPLE_CHARACTERS = 2_000


def describe_model(predictor: Predictor, path: Path) -> dict[str, Any]:
    """A model in JSON, as `/v2/models/NAME` and the page of the server need it."""
    inputs = [
        {
            "name": name,
            "kind": field.kind,
            "summary": field.summary,
            "optional": field.is_optional,
            "array": None if field.array is None else list(field.array.shape),
            "is_pixels": field.array is not None and field.array.is_pixels,
        }
        for name, field in predictor.inputs.items()
    ]
    outputs = [
        {"name": name, "kind": field.kind, "summary": field.summary, "is_text": field.detokenize is not None}
        for name, field in predictor.outputs.items()
    ]
    return {
        "summary": summarize_model(predictor),
        "device": str(predictor.device),
        "inputs": inputs,
        "outputs": outputs,
        "decoding": predictor.decoding.model_dump(mode="json"),
        "notes": list(predictor.notes),
        "examples": evaluated_examples(predictor, path),
    }


def evaluated_examples(predictor: Predictor, path: Path) -> list[dict[str, Any]]:
    """The first inputs that the run was evaluated on, of models whose inputs are not files; none without them."""
    if any(field.array is not None or field.reads_files for field in predictor.inputs.values()):
        return []
    try:
        with RunLayout(run_of(path)).predictions.open(encoding="utf-8") as lines:
            rows = [json.loads(line)["inputs"] for line in islice(lines, SHOWN_EXAMPLES)]
    except (JumokError, OSError, ValueError, KeyError):
        return []
    return [row for row in rows if sum(map(len, row.values())) <= MAX_EXAMPLE_CHARACTERS]
