"""The events of a job: answers, progress and warnings."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from jumok.errors import DataError
from jumok.files import spelt_out

if TYPE_CHECKING:
    from jumok.values import Prediction

# a text or the path of an image; for several inputs, texts by name, None for an optional one that is missing
Input: TypeAlias = str | dict[str, str | None]
PredictionOrError: TypeAlias = "Prediction | DataError"  # what was predicted, or why nothing could be


class Answered(NamedTuple):
    """An input with its answer."""

    input: Input
    answer: PredictionOrError


class JobProgress(NamedTuple):
    """How many inputs have an answer so far."""

    done: int


class JobWarning:
    """A warning about the inputs of a job; its text is a sentence without a full stop."""


@dataclass(frozen=True)
class EmptyInputs(JobWarning):
    """Inputs had nothing in them."""

    count: int
    first: int  # the number of the first one, from 1

    def __str__(self) -> str:
        return f"{self.count} empty input(s) got an empty answer (first: number {self.first})"


@dataclass(frozen=True)
class UnknownPiece(JobWarning):
    """A piece of an input is unknown to the model."""

    piece: str
    number: int  # of the first input with it, from 1

    def __str__(self) -> str:
        return (
            f"the model never saw {self.piece!r} in training (input {self.number}); its answer may be wrong"
        )


@dataclass(frozen=True)
class MoreUnknownPieces(JobWarning):
    """More pieces are unknown than are listed."""

    count: int

    def __str__(self) -> str:
        return f"{self.count} more pieces were never seen in training"


@dataclass(frozen=True)
class HiddenImages(JobWarning):
    """Hidden images of a folder are left out."""

    folder: Path
    count: int
    example: Path

    def __str__(self) -> str:
        return f"{self.count:,} hidden image(s) below {self.folder} are left out, like {spelt_out(str(self.example))}"


@dataclass(frozen=True)
class DrawnImages(JobWarning):
    """Images of a folder that a job has drawn are left out."""

    folder: Path
    count: int

    def __str__(self) -> str:
        return (
            f"{self.count:,} image(s) below {self.folder} are left out, for jumok predict wrote them itself"
        )


@dataclass(frozen=True)
class RepeatedImages(JobWarning):
    """Images were named more than once."""

    count: int

    def __str__(self) -> str:
        return f"{self.count} image(s) came more than once and are answered once"


JobEvent: TypeAlias = Answered | JobProgress | JobWarning
