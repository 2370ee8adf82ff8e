"""The files that a run keeps of its evaluation, read again: whole and of the form they had, or not at all."""

import json
from pathlib import Path
from typing import Any, NotRequired

from typing_extensions import TypedDict

from jumok.errors import RunError
from jumok.files import read_whole
from jumok.runs.layout import ANALYSIS, EVALUATION

Number = float | None  # None where a score is undefined


class StoredScore(TypedDict):
    """A score and its bounds."""

    value: Number
    low: Number
    high: Number


class StoredDifference(TypedDict):
    """The model minus a baseline."""

    difference: Number
    low: Number
    high: Number
    p: Number


class StoredBaseline(TypedDict):
    """A baseline of an output; one that was left out has no scores."""

    output: str
    left_out: NotRequired[str]  # why
    metric: NotRequired[str]  # that the verdict is about
    verdict: NotRequired[str]
    metrics: NotRequired[dict[str, StoredScore]]
    differences: NotRequired[dict[str, StoredDifference]]
    fitted_on: NotRequired[int]  # examples of train
    of: NotRequired[int]  # examples that train has
    remark: NotRequired[str]


class StoredChange(TypedDict):
    """A score without an input."""

    whole: Number
    without: Number
    change: Number
    low: Number
    high: Number
    p: Number
    verdict: str


class StoredUse(TypedDict):
    """The use of an input."""

    attention: dict[str, Number]
    examples: int
    hidden: dict[str, StoredChange]
    why_not: str


class StoredEvaluation(TypedDict):
    """What evaluation.json holds."""

    split: str
    examples: int
    metrics: dict[str, StoredScore]
    signature: NotRequired[dict[str, str]]
    baselines: NotRequired[dict[str, StoredBaseline]]
    inputs: NotRequired[dict[str, StoredUse]]


class StoredBin(TypedDict):
    """The score of examples of about one length."""

    mean: float
    examples: int
    value: Number
    low: Number
    high: Number


class StoredExample(TypedDict):
    """An example with its answer."""

    inputs: dict[str, str]
    right: list[str]
    predicted: str
    alternatives: list[str]
    score: Number
    certainty: NotRequired[str]
    thumbnails: NotRequired[dict[str, str]]


class StoredTable(TypedDict):
    """A table of details."""

    title: str
    explanation: str
    columns: list[str]
    rows: list[tuple[str, list[Number]]]
    shaded: bool


class StoredDoubt(TypedDict):
    """One place of an annotation that is likely wrong."""

    output: str
    score: float
    what: dict[str, str]  # by language


class StoredMistakes(TypedDict):
    """A row whose annotation is likely wrong."""

    example: int
    line: int
    key: NotRequired[str]  # in the label page
    inputs: dict[str, str]
    found: list[StoredDoubt]


class StoredAnalysis(TypedDict):
    """What analysis.json holds; what older runs lack is not required."""

    metric: str
    headline: list[str]
    bins: list[StoredBin]
    example_metric: str
    best: list[StoredExample]
    worst: list[StoredExample]
    typical: list[StoredExample]
    examples_per_second: float
    counted: NotRequired[str]
    details: NotRequired[list[StoredTable]]
    images: NotRequired[dict[str, str]]
    support: NotRequired[dict[str, int]]
    supported: NotRequired[str]
    remarks: NotRequired[list[str]]
    looked_at: NotRequired[int]
    mistakes: NotRequired[list[StoredMistakes]]
    began: NotRequired[str]
    ended: NotRequired[str]
    seconds: NotRequired[float]


class StoredAnalyses(TypedDict):
    """What analysis.json holds of several outputs."""

    metric: str
    headline: list[str]
    outputs: dict[str, StoredAnalysis]
    images: NotRequired[dict[str, str]]
    mistakes: NotRequired[list[StoredMistakes]]
    began: str
    ended: str
    seconds: float


FORMS: dict[str, Any] = {EVALUATION: StoredEvaluation, ANALYSIS: StoredAnalysis}
IMAGES_BEFORE = "pictures"  # the name of `images` in older analyses
SEVERAL = "outputs"  # in the analysis of several outputs


def read_stored(path: Path) -> dict[str, Any] | None:
    """The content of a file; None where it is missing, RunError where it is damaged."""
    from pydantic import TypeAdapter, ValidationError

    try:
        value = json.loads(read_whole(path))
        if isinstance(value, dict) and IMAGES_BEFORE in value:
            value["images"] = value.pop(IMAGES_BEFORE)
        several = path.name == ANALYSIS and isinstance(value, dict) and SEVERAL in value
        TypeAdapter(StoredAnalyses if several else FORMS[path.name]).validate_python(value)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError, ValidationError) as error:
        raise RunError(f"{path} is damaged ({in_short(error)}); write it again by: {remedy(path)}") from None
    return dict(value)


def remedy(path: Path) -> str:
    """The command that writes the file again."""
    return f"jumok evaluate {path.parent}"


def in_short(error: Exception) -> str:
    """The reason why a file could not be read, in a few words."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        return f"{place}: {first['msg']}" if place else str(first["msg"])
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "not UTF-8" if isinstance(error, UnicodeDecodeError) else "not JSON"
