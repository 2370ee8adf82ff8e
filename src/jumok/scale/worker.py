"""A process that answers inputs of a job: `python -m jumok.scale.worker`.

It reads JSON from standard input, a line each: first an order, as `Order` has it, then inputs, {"first", "items"}. It
writes a line of JSON to standard output for each: {"ready": [NOTES]} when the model is loaded, then what `PartAnswer`
has. When standard input ends, whoever asked is gone, and it ends.
"""

import json
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from jumok.errors import DataError, JumokError
from jumok.scale.parts import PartAnswer

if TYPE_CHECKING:
    from jumok.predictor import Predictor
    from jumok.scale.forms import Form


class Order(NamedTuple):
    """What a worker answers with, and how; all of it is JSON."""

    run: str
    device: str
    decoding: dict[str, Any]
    threshold: float | None
    form: str  # "lines", "json", "parquet", "images" or "charts"
    output: str
    json_lines: bool = False  # whether lines are JSON also where the model has one input


def answer_items(
    predictor: "Predictor", form: "Form", first: int, items: list[Any], json_lines: bool = False
) -> PartAnswer:
    """Answer some inputs together.

    Args:
        predictor: What answers.
        form: How answers are written.
        first: The number of the first input in the job, from 0.
        items: The inputs, as they stand in their part.
        json_lines: Whether lines are JSON also where the model has one input.

    Returns:
        What is kept of them.
    """
    from jumok.predictor.jobs.inputs import InputWarnings
    from jumok.predictor.jobs.stream import answer_block

    warnings = InputWarnings(predictor)
    records: list[Any] = []
    faults: list[tuple[int, str]] = []
    for start in range(0, len(items), form.at_once):
        block = items[start : start + form.at_once]
        texts = [form.text(item) for item in block]
        answers = answer_block(predictor, texts, first + start, warnings, json_lines)
        for item, answered in zip(block, answers, strict=True):
            number = first + len(records) + 1
            records.append(form.record(item, number, answered))
            if isinstance(answered.answer, DataError):
                faults.append((number, str(answered.answer)))
    return PartAnswer(records, faults, warnings.empty, warnings.unknown)


def work(source: IO[str], out: IO[str]) -> None:
    """Answer what stands in the source until it ends."""

    def send(facts: dict[str, Any]) -> None:
        out.write(json.dumps(facts) + "\n")
        out.flush()

    order = Order(**json.loads(source.readline()))
    try:
        from jumok.predictor import load
        from jumok.scale.forms import worker_form

        predictor = load(order.run, order.device, order.decoding).with_least_score(order.threshold)
        form = worker_form(order.form, Path(order.output), predictor, order.threshold)
        send({"ready": list(predictor.notes)})
        for line in source:
            send(answer_items(predictor, form, **json.loads(line), json_lines=order.json_lines)._asdict())
    except JumokError as error:
        send({"failed": str(error)})


if __name__ == "__main__":
    events, sys.stdout = sys.stdout, sys.stderr  # whatever else is printed is no event
    from jumok.machine import tune_process

    tune_process()
    try:
        work(sys.stdin, events)
    except (BrokenPipeError, KeyboardInterrupt):
        sys.stderr.close()
