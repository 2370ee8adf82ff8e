"""The annotations that are most likely wrong, best first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jumok.dataset.split import Split
from jumok.evaluation.mistakes.rating import RatedAnswers, mistake_finders, rate_split
from jumok.kinds.mistakes import MistakeFinder
from jumok.metrics.mistakes.disagreement import Disagreement
from jumok.predictor.predictor import Predictor
from jumok.values import Prediction


@dataclass(frozen=True)
class CheckedRows:
    """Some examples of a split beside what a model says of them."""

    split: Split
    predictor: Predictor
    examples: Sequence[int]  # their numbers in the split
    rated: Sequence[RatedAnswers]
    is_seen: bool  # the model has learned from them, so that it agrees with many of their mistakes


@dataclass(frozen=True)
class Suspicion:
    """An annotation that is likely wrong."""

    part: int  # the number of the checked rows that it is among
    example: int  # its number in their split
    output: str
    what: Disagreement


def check_rows(
    predictor: Predictor,
    split: Split,
    examples: Sequence[int] | None = None,
    is_seen: bool = False,
    predictions: Sequence[Prediction] | None = None,
    progress: Callable[[int], None] | None = None,
) -> CheckedRows:
    """Compare the annotations of a split with what a model says.

    Args:
        predictor: The model.
        split: The split, as the model reads it.
        examples: Their numbers in the split; all by default.
        is_seen: Whether the model has learned from them.
        predictions: The answer to each of these examples, where it is known already.
        progress: Called with the number of examples that were compared since it was called last.

    Returns:
        The compared examples.

    Raises:
        RunError: The model was exported to another runtime.
        DataError: No output can be doubted, or an input cannot be read.
    """
    numbers = list(range(len(split))) if examples is None else list(examples)
    rated = rate_split(predictor, split, numbers, predictions, progress)
    return CheckedRows(split, predictor, numbers, rated, is_seen)


def suspicions_of(parts: Sequence[CheckedRows]) -> list[Suspicion]:
    """All disagreements of some checked rows, the most probable mistake first.

    What is usual of a model is measured in each part by itself, for each may have a model of its own.
    """
    found = []
    for number, part in enumerate(parts):
        finders = mistake_finders(part.predictor)
        found += [
            Suspicion(number, part.examples[i], output, what)
            for i, output, what in disagreements(part.rated, finders)
        ]
    return sorted(found, key=lambda one: (-one.what.score, one.part, one.example, one.output))


def disagreements(
    rated: Sequence[RatedAnswers], finders: Mapping[str, MistakeFinder]
) -> list[tuple[int, str, Disagreement]]:
    """What is likely wrong with rated annotations, with the number of each and its output.

    Args:
        rated: What was rated of each example, by output.
        finders: What compares each output.

    Returns:
        The disagreements; the order of the examples does not change their scores.
    """
    found = []
    for name, finder in finders.items():
        known = [(i, one[name]) for i, one in enumerate(rated) if name in one]
        usual = finder.usual([one for _, one in known])
        found += [(i, name, what) for i, one in known for what in finder.find(one, usual)]
    return found


def by_row(found: Sequence[Suspicion]) -> dict[tuple[int, int], list[Suspicion]]:
    """Suspicions by part and example, rows in the order of their first one."""
    rows: dict[tuple[int, int], list[Suspicion]] = {}
    for one in found:
        rows.setdefault((one.part, one.example), []).append(one)
    return rows
