"""Frames: images one after another, decoded one at a time, scaled_frame at once, and read as one state each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor, nn

from jumok.baselines.features import clip_features, image_features
from jumok.data.cache.kept import KEPT_BYTES, Kept
from jumok.data.cache.store import TextStore
from jumok.data.clips.clip import Clip, MemoryClip, cell_in_short, chosen_frames, open_clip
from jumok.data.images.augmentation import Augmentation
from jumok.data.images.reading import Size
from jumok.data.images.resizing import ImageSample, fit_to_canvas, fitting_size, pad_and_stack, pixels_of
from jumok.data.tables.faults import refusing_unreadable
from jumok.drawing.encoding import data_url
from jumok.errors import DataError
from jumok.files import write_json
from jumok.kinds.axes import Axis, interval_axis
from jumok.kinds.contract import ArrayForm, Batching, Blueprint, Example, InputField
from jumok.kinds.fitting import FieldContext
from jumok.kinds.frames.options import FramesInput
from jumok.kinds.options import ModelOptions
from jumok.kinds.saved import saved_json
from jumok.values import FramesBatch, ImageBatch, Memory
from jumok.wording import quantity

CLIPS_A_BATCH = 8  # clips
SHOWN_SIDE = 160  # pixels of the longer side of a frame on a page
FramesValue = str | tuple[Any, ...]  # what a cell says, or images in memory


class ClipSample(NamedTuple):
    """The frames of a clip, scaled_frame."""

    frames: Tensor  # (F, 3, Y, X) uint8
    original: tuple[int, int]  # height and width before

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.frames.shape[-2:]
        return height, width


@dataclass(frozen=True)
class FramesFacts:
    """An input of frames that knows the longest clip of its training."""

    name: str
    options: FramesInput
    longest: int  # frames that are read of a clip
    fresh: bool = True  # weights of a backbone are loaded; a saved model brings its own

    def build(self, plan: Blueprint) -> nn.Module:
        """The encoder that the options ask for."""
        return self.options.encoder.build(plan.model, self.longest, self.fresh)

    def learning_rate(self, model: ModelOptions) -> float:
        """As models that read images, those that go on with pretrained weights learn by smaller steps."""
        return 1e-3 if self.options.encoder.frame.is_pretrained else 3e-3

    def open(self, value: FramesValue, root: Path) -> tuple[Clip, list[int]]:
        """A clip, and the numbers of its frames that are read; raises UnreadableFile."""
        clip = open_clip(value, root) if isinstance(value, str) else MemoryClip(value)
        return clip, chosen_frames(
            clip,
            cell_in_short(value) if isinstance(value, str) else "the clip",
            self.options.frame_sampling(),
        )


@dataclass(frozen=True)
class Clips:
    """Clips that are read on first use; as many as `kept` has room for are kept, scaled."""

    facts: FramesFacts
    given: Sequence[FramesValue]
    root: Path
    kept: Kept = field(default_factory=Kept)

    def __getitem__(self, i: int) -> ClipSample:
        frames = self.kept.get(i, lambda: self.read(i))
        width, height = self.size(i)
        return ClipSample(frames, (height, width))

    def read(self, i: int) -> Tensor:
        """The scaled frames (F, 3, Y, X) of a clip; one at a time is whole in memory."""
        square = (self.facts.options.size, self.facts.options.size)
        with refusing_unreadable():
            clip, numbers = self.facts.open(self.given[i], self.root)
            clip.size(numbers)
            return torch.stack([scaled_frame(frame, square) for frame in clip.frames(numbers)])

    @cached_property
    def sizes(self) -> dict[int, Size]:
        """The sizes of clips that were asked for."""
        return {}

    def size(self, i: int) -> Size:
        """Width and height of the frames of a clip."""
        if i not in self.sizes:
            with refusing_unreadable():
                clip, numbers = self.facts.open(self.given[i], self.root)
                self.sizes[i] = clip.size(numbers[:1])
        return self.sizes[i]

    @cached_property
    def counts(self) -> np.ndarray:
        """How many frames are read of each clip (N,); 0 where a row lacks it."""
        return np.array([self.count(i) if self.given[i] else 0 for i in range(len(self.given))], np.int64)

    def count(self, i: int) -> int:
        """How many frames are read of a clip."""
        sampling = self.facts.options.frame_sampling()
        if sampling.how == "uniform":
            return sampling.fewest
        with refusing_unreadable():
            return len(self.facts.open(self.given[i], self.root)[1])


def scaled_frame(frame: Pillow.Image, square: tuple[int, int]) -> Tensor:
    """The pixels (3, Y, X) of a frame that fits a square."""
    pixels = pixels_of(frame)
    return fit_to_canvas(ImageSample(pixels, (pixels.shape[1], pixels.shape[2])), square).image


def size_groups(column: Clips) -> np.ndarray:
    """Clips of one scaled size meet, so that no answer depends on what stands beside a clip."""
    side = column.facts.options.size
    sizes = [column.size(i) for i in range(len(column.given))]
    found = [fitting_size((size.height, size.width), (side, side)) for size in sizes]
    return np.array([height << 20 | width for height, width in found], dtype=np.int64)


@dataclass(frozen=True)
class FramesCodec:
    """Clips of rows and batches."""

    facts: FramesFacts

    @property
    def digest(self) -> str:
        """The size of frames, and which are read."""
        return f"{self.facts.options.size} {tuple(self.facts.options.frame_sampling())} {self.facts.longest}"

    def column(self, store: TextStore, root: Path) -> Clips:
        """The clips of all rows, read on first use."""
        return Clips(self.facts, list(store.texts(self.facts.name)), root, Kept(KEPT_BYTES))

    def parse(self, value: object) -> FramesValue:
        """The path of a folder or file, a list of paths or of images, or an array (F, Y, X, 3) of bytes."""
        if isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim in (3, 4) and len(value):
            return tuple(Pillow.fromarray(frame) for frame in value)
        if isinstance(value, str | Path) and str(value).strip():
            return str(value).strip()
        if isinstance(value, list | tuple) and value:
            if all(isinstance(one, Pillow.Image) for one in value):
                return tuple(value)
            if all(isinstance(one, str | Path) and str(one).strip() for one in value):
                return json.dumps([str(one) for one in value], ensure_ascii=False)
        raise DataError(
            f"{self.facts.name!r} of an input must be the path of a folder of frames, of a GIF or video, or a list "
            f"of images; got {value!r:.80}"
        )

    def parse_cell(self, text: str, root: Path) -> str:
        """A cell is a path, or a list of paths."""
        if not text.lstrip().startswith("["):
            return str(root / text)
        return json.dumps([str(root / path) for path in json.loads(text)], ensure_ascii=False)

    def is_empty(self, value: FramesValue) -> bool:
        """A clip is never empty."""
        return False

    def encode(self, values: Sequence[FramesValue]) -> Clips:
        """Parsed clips as a column."""
        return Clips(self.facts, values, Path())

    def collate(self, items: Sequence[ClipSample]) -> FramesBatch:
        """Clips to one batch: the frames of all, one after another."""
        counts = torch.tensor([len(item.frames) for item in items])  # (B,)
        valid = torch.arange(int(counts.max())) < counts[:, None]  # (B, F)
        shown, original = (
            torch.tensor(sizes).repeat_interleave(counts, dim=0)  # (N, 2)
            for sizes in ([item.size for item in items], [item.original for item in items])
        )
        pixels = pad_and_stack([frame for item in items for frame in item.frames], 0)  # (N, 3, Y, X)
        return FramesBatch(ImageBatch(pixels, shown, original), valid)

    def save(self, folder: Path, module: nn.Module) -> None:
        """Write the longest clip, and where the weights that training began with are from."""
        encoder: Any = module
        source = getattr(encoder.frame.backbone, "source", None)
        told = None if source is None else source._asdict()
        about = {"longest": self.facts.longest, "weights": told}
        write_json(folder / f"{self.facts.name}.frames.json", about)


@dataclass(frozen=True)
class ClipAugmentation:
    """Augments the clips of examples for training."""

    name: str
    augmentation: Augmentation  # of one frame

    def __call__(self, examples: Sequence[Example], random: np.random.Generator | None) -> Sequence[Example]:
        if random is None:
            return examples
        seeds = random.integers(2**63, size=len(examples)).tolist()
        return [
            {**items, self.name: self.changed(items[self.name], seed)}
            for items, seed in zip(examples, seeds, strict=True)
        ]

    def changed(self, clip: ClipSample, seed: int) -> ClipSample:
        """A clip whose frames are all changed alike: each by the same random numbers."""
        changed = [
            self.augmentation([ImageSample(frame, clip.original)], clip.size, np.random.default_rng(seed))[0]
            for frame in clip.frames
        ]
        return clip._replace(frames=torch.stack([one.image for one in changed]))


@dataclass(frozen=True)
class FramesPage:
    """A clip on a page that looks into a model."""

    facts: FramesFacts

    def parse_posted(self, value: object) -> object:
        """What is no path of this machine, nor a list of them; those are refused."""
        if isinstance(value, str | Mapping | list):
            raise DataError(
                f"{self.facts.name} is a clip; choose the number of an example",
                f"{self.facts.name}에는 프레임이 필요합니다. 예시를 고르세요.",
            )
        return value

    def label(self, value: FramesValue) -> str:
        """The name of the folder or file, or how many images there are."""
        if isinstance(value, str) and not value.startswith("["):
            return Path(value).name
        return quantity(len(json.loads(value) if isinstance(value, str) else value), "frame")

    def to_json(self, value: FramesValue) -> dict[str, Any]:
        """The frames that are read, small, with their size as they came and their times."""
        with refusing_unreadable():
            clip, numbers = self.facts.open(value, Path())
            width, height = clip.size(numbers)
            images = [data_url(small_frame(frame)) for frame in clip.frames(numbers)]
            seconds = clip.seconds(numbers)
        about = {"name": self.facts.name, "kind": "frames", "width": width, "height": height}
        return {**about, "images": images, "seconds": seconds}

    def thumbnail(self, value: FramesValue) -> str:
        """The first frame that is read, small."""
        images: list[str] = self.to_json(value)["images"]
        return images[0]

    def axis(self, value: FramesValue, batch: FramesBatch, memory: Memory) -> Axis:
        """One interval for each frame."""
        if memory.time is None:
            raise ValueError("the memory of frames says which frames its states are of")
        return interval_axis(self.facts.name, memory.time.intervals.tolist(), None, "frame")


def summarize_clip(facts: FramesFacts, value: FramesValue) -> np.ndarray:
    """The summary features of a clip."""
    frames = Clips(facts, [value], Path())[0].frames
    return clip_features(np.stack([image_features(frame.numpy()) for frame in frames]))


def small_frame(frame: Pillow.Image) -> Pillow.Image:
    """A frame as a page shows it."""
    small = frame.copy()
    small.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    return small


def frames_input(facts: FramesFacts) -> InputField:
    """Clips whose frames are read by an image encoder, and then in their order."""
    page, augmentation = FramesPage(facts), facts.options.augmentation()
    return InputField(
        name=facts.name,
        kind="frames",
        summary=f"up to {quantity(facts.longest, 'frame')} of {facts.options.size} pixels",
        architecture=f"{facts.options.encoder.frame.backbone} + {facts.options.encoder.time.kind}",
        codec=FramesCodec(facts),
        build=facts.build,
        learning_rate=facts.learning_rate,
        batching=Batching(
            lengths=attrgetter("counts"), max_examples=CLIPS_A_BATCH, group=size_groups, unit="frames"
        ),
        reads_files=True,
        array=ArrayForm((-1, -1, -1, 3), is_pixels=True),
        transform=None if augmentation is None else ClipAugmentation(facts.name, augmentation),
        page=page,
        thumbnail=page.thumbnail,
        summary_features=partial(summarize_clip, facts),
    )


def fit_input(name: str, options: FramesInput, context: FieldContext) -> InputField:
    """Count the frames of the training data."""
    data, unknown = context.training_data, FramesFacts(name, options, 0)
    clips = Clips(unknown, list(data.texts(name)), data.root)
    return frames_input(FramesFacts(name, options, int(clips.counts.max())))


def load_input(name: str, options: FramesInput, context: FieldContext, folder: Path) -> InputField:
    """The frames input of a saved model."""
    with saved_json(folder / f"{name}.frames.json") as found:
        longest = int(found["longest"])
    return frames_input(FramesFacts(name, options, longest, fresh=False))
