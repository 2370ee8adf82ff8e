"""Example inputs: the first ones that a run was evaluated on."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from jumok.errors import DataError, JumokError
from jumok.evaluation.record import read_evaluation
from jumok.inspection.inspect import input_page
from jumok.kinds.contract import InputField, OutputField
from jumok.runs.config import read_config
from jumok.runs.layout import RunLayout

MAX_EXAMPLES = 6
LOOKED = 200  # answers that are read at most
MAX_LABEL_CHARACTERS = 80  # characters of a label


# the cells of the inputs by name, and those of the right answers by output
AnsweredRow = tuple[dict[str, str], dict[str, list[str]]]


@dataclass(frozen=True)
class InputExample:
    """One value by input, small images of those that have one, and the right answers by output."""

    label: str
    values: Mapping[str, Any]
    thumbnails: Mapping[str, str]  # data URLs, of values that a page cannot post; empty where there is none
    right: Mapping[str, Any] = field(default_factory=dict)  # as `right_answer` says it

    def to_json(self, number: int) -> dict[str, Any]:
        """The example as JSON; what has a thumbnail, or none to show, is named by its number."""
        named = {
            name: {"example": number, **({"thumbnail": small} if small else {"label": self.label})}
            for name, small in self.thumbnails.items()
        }
        return {"label": self.label, "inputs": {**self.values, **named}, "right": dict(self.right)}


def examples_of(
    run: Path, inputs: Mapping[str, InputField], outputs: Mapping[str, OutputField]
) -> list[InputExample]:
    """The first examples of a run that can still be read, of different right answers; none if it was not evaluated.

    Args:
        run: The run folder.
        inputs: The inputs by name.
        outputs: The outputs by name.

    Returns:
        The examples.
    """
    try:
        root = root_of(run)
        rows = list(islice(answered(run, list(outputs)), LOOKED))
    except (JumokError, OSError, ValueError, KeyError, StopIteration):
        return []
    found: dict[str, InputExample] = {}
    for row, references in different_first(rows):
        if len(found) < MAX_EXAMPLES and row.keys() >= inputs.keys():
            example = parse_example({name: row[name] for name in inputs}, inputs, root)
            if example is not None:
                right = {
                    name: right_answer(one, references.get(name, []), root) for name, one in outputs.items()
                }
                right = {name: one for name, one in right.items() if one is not None}
                found.setdefault(example.label, replace(example, right=right))
    return list(found.values())


def different_first(rows: Sequence[AnsweredRow]) -> list[AnsweredRow]:
    """The rows such that those whose right answers no row before them has come first."""
    seen: set[str] = set()
    first: list[AnsweredRow] = []
    later: list[AnsweredRow] = []
    for row in rows:
        right = json.dumps(row[1], sort_keys=True)
        (later if right in seen else first).append(row)
        seen.add(right)
    return first + later


def answered(run: Path, outputs: Sequence[str]) -> Iterator[AnsweredRow]:
    """The inputs that were answered in the evaluation and the right answers by output, as rows have them."""
    with RunLayout(run).predictions.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            right = row.get("right", [])
            named = right if len(outputs) > 1 else {outputs[0]: right}
            texts = {name: [one for one in known if isinstance(one, str)] for name, known in named.items()}
            yield row["inputs"], texts


def right_answer(field: OutputField, references: list[str], root: Path) -> dict[str, Any] | None:
    """The right answers as a page shows them beside an answer; None if there are none, or it does not."""
    return field.reference_page(references, root) if references and field.reference_page is not None else None


def root_of(run: Path) -> Path:
    """Where paths in the rows of a run's evaluation start."""
    experiment = read_config(RunLayout(run).config)
    sources = dict(experiment.data.sources())
    split = (read_evaluation(run) or {}).get("split", "test")
    source = sources.get(split) or next(iter(sources.values()))
    return source.build(experiment.inputs, experiment.outputs).root


def parse_example(
    row: Mapping[str, str], inputs: Mapping[str, InputField], root: Path
) -> InputExample | None:
    """An example of the workbench.

    Args:
        row: The cells by column.
        inputs: The inputs by name.
        root: The folder that paths are relative to.

    Returns:
        The example; None if an image cannot be read any more.
    """
    try:
        return given_example(
            {
                name: one.codec.parse(one.codec.parse_cell(row[name], root))
                for name, one in inputs.items()
                if row[name] or not one.is_optional
            },
            inputs,
        )
    except JumokError:
        return None


def given_example(values: Mapping[str, Any], inputs: Mapping[str, InputField]) -> InputExample:
    """An example of parsed values, of the inputs that it has; DataError if a file cannot be read."""
    present = {name: field for name, field in inputs.items() if name in values}
    small = {
        name: "" if field.thumbnail is None else field.thumbnail(values[name])
        for name, field in present.items()
        if field.thumbnail is not None or not can_be_posted(field, values[name])
    }
    label = " · ".join(input_page(field).label(values[name]) for name, field in present.items())
    return InputExample(
        label if len(label) <= MAX_LABEL_CHARACTERS else f"{label[: MAX_LABEL_CHARACTERS - 1]}…",
        values,
        small,
    )


def can_be_posted(field: InputField, value: Any) -> bool:
    """Whether a page may send the value itself; paths of this machine are for no page."""
    try:
        input_page(field).parse_posted(value)
    except DataError:
        return False
    return True
