"""The annotations of a split that are most likely wrong, best first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jumok.dataset.split import Split
from jumok.evaluation.mistakes.rating import RatedAnswers
from jumok.kinds.mistakes import MistakeFinder
from jumok.metrics.mistakes.disagreement import Disagreement


@dataclass(frozen=True)
class FoundMistake:
    """An annotation that is likely wrong."""

    example: int  # its number in the split
    output: str
    what: Disagreement


def find_mistakes(
    rated: Sequence[RatedAnswers],
    finders: Mapping[str, MistakeFinder],
    examples: Sequence[int] | None = None,
) -> list[FoundMistake]:
    """Find what is likely wrong among rated annotations.

    Args:
        rated: What was rated of each example, by output.
        finders: What compares each output.
        examples: The number of each example; 0, 1, 2, ... by default.

    Returns:
        All disagreements, the most probable mistake first; the order of examples does not matter to the scores.
    """
    numbers = range(len(rated)) if examples is None else examples
    found = []
    for name, finder in finders.items():
        known = [(i, one[name]) for i, one in zip(numbers, rated, strict=True) if name in one]
        usual = finder.usual([one for _, one in known])
        found += [FoundMistake(i, name, what) for i, one in known for what in finder.find(one, usual)]
    return sorted(found, key=lambda one: (-one.what.score, one.example, one.output))


def by_row(found: Sequence[FoundMistake], most: int | None = None) -> dict[int, list[FoundMistake]]:
    """The first so many mistakes by example, examples in the order of their first one."""
    rows: dict[int, list[FoundMistake]] = {}
    for one in found[:most]:
        rows.setdefault(one.example, []).append(one)
    return rows


def image_name(split: Split, example: int) -> str | None:
    """The cell of the first input that is read from an image file; None where there is none."""
    named: Any = (name for name, field in split.inputs.items() if field.reads_files)
    first = next(named, None)
    return None if first is None else split.text(first, example)
