"""Values that are passed between the rooms.

One alphabet for shapes in the whole package: `B` batch, `T` target positions, `S` source positions, `D` width, `H`
heads, `K` width of one head, `V` vocabulary, `R` hypotheses (rows of a search), `L` any length, `Q` object queries,
`P` cells of all feature maps together, `N` boxes, `C` channels or classes, `Y`, `X` rows and columns of an image. A
mask is boolean, and True means "may be looked at".
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import torch
from torch import Tensor


class Padded(NamedTuple):
    """Sequences of different lengths in one tensor."""

    values: Tensor  # (B, L) token numbers
    valid: Tensor  # (B, L), True on real positions

    def to(self, device: torch.device) -> "Padded":
        """The same values on a device."""
        return Padded(self.values.to(device), self.valid.to(device))


class ImageBatch(NamedTuple):
    """Images of different sizes in one tensor, each in the upper left corner, padded with black."""

    pixels: Tensor  # (B, 3, Y, X) uint8, RGB
    valid_size: Tensor  # (B, 2), height and width of the real part
    original: Tensor  # (B, 2), height and width of what was scaled to that part

    def to(self, device: torch.device) -> "ImageBatch":
        """The same images on a device."""
        return ImageBatch(*(value.to(device) for value in self))


class FramesBatch(NamedTuple):
    """Clips of different lengths: the frames of all, one clip after another."""

    images: ImageBatch  # of N frames
    valid: Tensor  # (B, F), True on the real frames of each clip, N of them together

    def to(self, device: torch.device) -> "FramesBatch":
        """The same clips on a device."""
        return FramesBatch(self.images.to(device), self.valid.to(device))


class Pyramid(NamedTuple):
    """The feature maps of images, from fine to coarse."""

    levels: tuple[Tensor, ...]  # each (B, C, Y, X)
    strides: tuple[int, ...]  # pixels of the image from one cell of a level to the next
    valid_size: Tensor  # (B, 2), height and width of the real part of each image
    size: tuple[int, int]  # height and width of the batch in pixels


class SeriesBatch(NamedTuple):
    """Series of different lengths in one tensor, each padded at its end."""

    values: Tensor  # (B, L, C), normalized; 0 where nothing was measured
    observed: Tensor  # (B, L, C), True where a value was measured
    valid: Tensor  # (B, L), True on real time steps

    def to(self, device: torch.device) -> "SeriesBatch":
        """The same series on a device."""
        return SeriesBatch(*(value.to(device) for value in self))


class TimeStates(NamedTuple):
    """What the states of a series, or of frames, represent."""

    intervals: Tensor  # (S, 2), the first time step of each state, and the one after its last
    # 1: each state is of all channels; C: first the states of the first channel, then those of the second, ...
    channels: int = 1
    center: Tensor | None = None  # (B, C), subtracted from each channel of a row before it was encoded
    scale: Tensor | None = None  # (B, C), by which it was divided then
    past: Tensor | None = None  # (B, L, C), the values so normalized; 0 where nothing was measured


class Memory(NamedTuple):
    """What an encoder computes for a decoder."""

    states: Tensor  # (B, S, D)
    valid: Tensor  # (B, S), True on real positions
    summary: Tensor  # (B, D), the whole source in one vector
    pyramid: Pyramid | None = None  # of an image
    places: Tensor | None = None  # (B, S, 2), x and y in pixels of each state of an image
    time: TimeStates | None = None  # of a series, or of frames

    def scatter(self, present: Tensor) -> "Memory":
        """The memory of a larger batch, of which only the rows `present` (B,) were encoded.

        The states of the other rows are zero and not valid. Feature maps and times are left out: only inputs that no
        row may lack have a use for them.
        """

        places = (present.cumsum(0) - 1).clamp(min=0)  # (B,) of each row among those that were encoded
        states, valid, summary = (
            one.index_select(0, places) for one in (self.states, self.valid, self.summary)
        )
        has = present[:, None]  # (B, 1)
        return Memory(states.masked_fill(~has[:, :, None], 0), valid & has, summary.masked_fill(~has, 0))


class PartialBatch(NamedTuple):
    """A batch of an input that some of its rows lack: the codec collates those that have it."""

    values: Any  # of the rows that have the input, in their order; None where no row has it
    present: Tensor  # (B,), True on rows that have the input

    def to(self, device: torch.device) -> "PartialBatch":
        """The same batch on a device."""
        values = None if self.values is None else self.values.to(device)
        return PartialBatch(values, self.present.to(device))


@dataclass(frozen=True)
class Memories:
    """What the encoders of a model leave for its decoders and heads, by input.

    A row may lack an optional input. Nothing stands in its place: the batch of that input holds only the rows that
    have it (`PartialBatch`), its encoder runs on these alone, and `EncoderDecoder.encode` scatters what it computes
    into the whole batch. In rows that lack the input no state of it is valid, and its summary does not count. So kinds,
    encoders, decoders and heads never meet a missing value. An input that no row of a batch has leaves no part;
    one that every row has takes the usual path, and `present` does not name it.
    """

    parts: Mapping[str, Memory]
    present: Mapping[str, Tensor] = field(
        default_factory=dict
    )  # (B,) of each input that rows of the batch lack
    modulated: Mapping[str, Memory] = field(
        default_factory=dict
    )  # of images, features scaled by the other inputs
    marks: Mapping[str, Tensor] = field(default_factory=dict)  # (D,) of each input, where states are marked

    def of(self, name: str) -> Memory:
        """The memory of one input, with its feature maps: boxes and masks ask for that of their image."""
        return self.modulated.get(name, self.parts[name])

    @cached_property
    def joined(self) -> Memory:
        """One memory of all inputs: their states one after the other, the mean of the summaries that a row has.

        Each state carries the mark of its input, where the model has marks.
        """
        parts = [self._marked(name) for name in self.parts]
        if len(parts) == 1:
            return parts[0]
        return Memory(
            torch.cat([part.states for part in parts], dim=1),
            torch.cat([part.valid for part in parts], dim=1),
            self.mean_summary(list(self.parts)),
        )

    def _marked(self, name: str) -> Memory:
        part = self.parts[name]
        return part._replace(states=part.states + self.marks[name]) if name in self.marks else part

    def mean_summary(self, names: Sequence[str]) -> Tensor:
        """The mean (B, D) of the summaries of these inputs that a row has; zeros where it has none."""
        summaries = torch.stack([self.parts[name].summary for name in names])  # (n, B, D)
        if not self.present.keys() & set(names):
            return summaries.mean(0)
        everywhere = torch.ones(summaries.shape[1], dtype=torch.bool, device=summaries.device)
        has = torch.stack([self.present.get(name, everywhere) for name in names])[:, :, None]  # (n, B, 1)
        return (summaries * has).sum(0) / has.sum(0).clamp(min=1)

    def spans(self) -> dict[str, range]:
        """Which states of the joined memory are of each input."""
        spans, first = {}, 0
        for name, part in self.parts.items():
            spans[name] = range(first, first + part.states.shape[1])
            first += part.states.shape[1]
        return spans


class BoxTargets(NamedTuple):
    """The annotated objects of images, in pixels of the batch."""

    boxes: Tensor  # (B, N, 4), zeros where there is none
    labels: Tensor  # (B, N), numbers of classes
    valid: Tensor  # (B, N), True on real boxes
    crowd: Tensor  # (B, N), True on groups: neither object nor background

    def to(self, device: torch.device) -> "BoxTargets":
        """The same objects on a device."""
        return BoxTargets(*(value.to(device) for value in self))


class MaskTargets(NamedTuple):
    """The class of each pixel of images."""

    classes: Tensor  # (B, Y, X) int64, -1 where nothing is known: such pixels do not count

    def to(self, device: torch.device) -> "MaskTargets":
        """The same classes on a device."""
        return MaskTargets(self.classes.to(device))


class Detections(NamedTuple):
    """The boxes detected in one image, the highest score first."""

    boxes: Tensor  # (N, 4)
    scores: Tensor  # (N,), 0 to 1
    labels: Tensor  # (N,), numbers of classes
    source_ids: Tensor  # (N,), numbers of the queries or cells that found them


class State(Protocol):
    """The state of a decoder between two steps, for every hypothesis of a search."""

    def select(self, rows: Tensor, sources: Tensor | None) -> Self:
        """Keep hypotheses `rows` (R',) and sources `sources` (B',), in this order, possibly repeated.

        Without `sources` all of them stay as they are (B' = B), and nothing of theirs is copied.
        Hypotheses are grouped by source, the same number for each: row r belongs to source r // (R' / B').
        """
        ...


class Decoder(Protocol):
    """What a search needs of a decoder: to start from a memory, and to compute one step."""

    def start(self, memory: Memory) -> State:
        """The state before the first token, one hypothesis for each source (R = B)."""
        ...

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        """Read token (R,) and give the logits of the next one (R, V), with the state after it."""
        ...


class Hypothesis(NamedTuple):
    """One answer of a search."""

    tokens: list[int]  # without begin and end marks
    score: float  # what the search ranks by: log-probability over length ** length_penalty
    log_probability: float  # sum over the tokens, end mark included


@dataclass(frozen=True)
class TextPrediction:
    """A predicted text, with the other candidates of the search, best first."""

    text: str
    score: float
    alternatives: tuple["TextPrediction", ...] = field(default=())

    def __str__(self) -> str:
        return self.text

    def to_json(self) -> dict[str, object]:
        """Text, score and n-best list as JSON, the best first."""
        candidates = [{"text": self.text, "score": self.score}]
        candidates += [{"text": other.text, "score": other.score} for other in self.alternatives]
        return {"text": self.text, "score": self.score, "n_best": candidates}

    def with_score_threshold(self, score: float) -> "TextPrediction":
        """The prediction itself: texts are shown whole."""
        return self


@dataclass(frozen=True)
class FoundObject:
    """One detected object of an image."""

    name: str  # of its class
    score: float  # 0 to 1; 1 for what a person has marked
    box: tuple[float, float, float, float]  # in pixels of the image as it came
    doubtful: bool = False  # another object with a higher score is at the same place

    def to_json(self) -> dict[str, object]:
        """The object as JSON: name, score and box in pixels."""
        said: dict[str, object] = {"name": self.name, "score": self.score, "box": list(self.box)}
        return {**said, "doubtful": True} if self.doubtful else said

    @property
    def tag(self) -> str:
        """Label drawn at the box."""
        return self.name if self.score == 1 else f"{self.name} {self.score:.2f}"


@dataclass(frozen=True)
class BoxesPrediction:
    """The objects detected in an image, the highest score first."""

    objects: tuple[FoundObject, ...]
    size: tuple[int, int]  # height and width of the image
    score_threshold: float = 0.3  # objects below it are not shown

    def sure(self) -> tuple[FoundObject, ...]:
        """The objects that are shown: those with a sufficient score, without duplicates."""
        return tuple(one for one in self.objects if one.score >= self.score_threshold and not one.doubtful)

    def with_score_threshold(self, score: float) -> "BoxesPrediction":
        """The same prediction with another score threshold; objects below it are not shown."""
        return replace(self, score_threshold=score)

    @property
    def text(self) -> str:
        """The number of objects of each class, like "12 RBC, 1 WBC"."""
        counts = Counter(one.name for one in self.sure())
        order = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        return ", ".join(f"{count} {name}" for name, count in order) or "nothing"

    def to_json(self) -> dict[str, object]:
        """Size and objects as JSON, each with the name of its class, score and box (x1, y1, x2, y2) in pixels."""
        height, width = self.size
        return {"width": width, "height": height, "objects": [one.to_json() for one in self.objects]}


@dataclass(frozen=True)
class MaskPrediction:
    """The class of each pixel of an image."""

    classes: np.ndarray  # (Y, X), numbers into `names`; -1 where a person says nothing
    names: tuple[str, ...]

    def shares(self) -> dict[str, float]:
        """The share of pixels of each class that occurs, the largest first."""
        known = self.classes[self.classes >= 0]
        counts = np.bincount(known, minlength=len(self.names)) / max(1, known.size)
        order = np.argsort(-counts, kind="stable")
        return {self.names[number]: float(counts[number]) for number in order if counts[number]}

    @property
    def text(self) -> str:
        """The share of each class, like "Road 41 %, Sky 20 %", without negligible ones."""
        told = {name: f"{100 * share:.0f}" for name, share in self.shares().items()}
        return ", ".join(f"{name} {share} %" for name, share in told.items() if share != "0")

    def to_json(self) -> dict[str, object]:
        """The size of the mask and the share of each class as JSON."""
        height, width = self.classes.shape
        return {"width": width, "height": height, "shares": self.shares()}

    def with_score_threshold(self, score: float) -> "MaskPrediction":
        """The prediction itself: each pixel has one class, whatever its score."""
        return self


class Value(Protocol):
    """The prediction for one output."""

    @property
    def text(self) -> str:
        """The prediction as one line of text."""
        ...

    def to_json(self) -> dict[str, object]:
        """The prediction as JSON."""
        ...

    def with_score_threshold(self, score: float) -> Self:
        """The same prediction with another score threshold; objects below it are not shown."""
        ...


@dataclass(frozen=True)
class Prediction:
    """The prediction for one example: a value for each output, by name."""

    outputs: Mapping[str, Any]  # each a Value of the output's kind

    def __getitem__(self, name: str) -> Any:
        return self.outputs[name]

    @property
    def text(self) -> str:
        """The text of the only output (of several, one a line)."""
        return "\n".join(value.text for value in self.outputs.values())

    def with_score_threshold(self, score: float) -> "Prediction":
        """The same prediction with another score threshold; objects below it are not shown."""
        return Prediction({name: value.with_score_threshold(score) for name, value in self.outputs.items()})

    def __str__(self) -> str:
        return self.text
