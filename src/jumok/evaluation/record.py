"""What a run keeps of its evaluation: scores, every answer, and where it does well."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jumok.errors import RunError
from jumok.evaluation.analysis import analyse
from jumok.evaluation.answers import SplitPredictions
from jumok.evaluation.examples import draw_examples
from jumok.evaluation.stored import read_stored
from jumok.files import write_file_atomically, write_json
from jumok.machine import time_now
from jumok.runs.layout import RunLayout

# what Python's splitlines and others take for the end of a line, though JSON allows it within a text
SEPARATORS = str.maketrans({one: f"\\u{ord(one):04x}" for one in "\x85\u2028\u2029"})


def write_record(run: Path, answered: SplitPredictions, document: dict[str, Any]) -> None:
    """Write pictures, analysis.json, predictions.jsonl and, last, evaluation.json, which says that all is there."""
    files, analysis = RunLayout(run), analyse(answered)
    pictures = draw_examples(run, answered, analysis.examples)
    times = {"began": answered.began, "ended": time_now(), "seconds": answered.seconds}
    write_json(files.analysis, {**asdict(analysis), "pictures": pictures, **times})
    write_file_atomically(files.predictions, "".join(f"{line}\n" for line in lines(answered)).encode())
    write_json(files.evaluation, document)


def lines(answered: SplitPredictions) -> list[str]:
    """One JSON object for each example: inputs, right answers, and what was predicted, with score and n-best."""
    (output,) = answered.split.outputs
    return [
        json.dumps(
            {
                "inputs": {name: answered.split.text(name, example) for name in answered.split.inputs},
                "right": right,
                **prediction[output].to_json(),
            },
            ensure_ascii=False,
        ).translate(SEPARATORS)
        for example, right, prediction in zip(
            answered.examples, answered.references, answered.predictions, strict=True
        )
    ]


def read_evaluation(run: Path) -> dict[str, Any] | None:
    """The scores that were written, or None when there are none (whole)."""
    return _whole(RunLayout(run).evaluation)


def read_analysis(run: Path) -> dict[str, Any] | None:
    """The analysis that was written, or None when there is none (whole)."""
    return _whole(RunLayout(run).analysis)


def _whole(path: Path) -> dict[str, Any] | None:
    try:
        return read_stored(path)
    except RunError:
        return None
