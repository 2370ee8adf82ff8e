"""Tiny made-up data for a new experiment file, in the form that its inputs and outputs have."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from jumok.errors import ConfigurationError
from jumok.kinds.made_up import SHAPE_NAMES, SIDE, STEPS_AHEAD, MadeUp, made_up_examples, outlines, shape_mask
from jumok.kinds.options import InputFieldOptions, OutputFieldOptions
from jumok.kinds.templates import FieldSide, Template, options_class, template_of
from jumok.outputs import write_made

EXAMPLE_COUNTS = {"train": 160, "valid": 30, "test": 30}
HOURS = {"train": (0, 400), "valid": (400, 500), "test": (500, 600)}  # rows of the long series
PAST_HOURS = 4 * STEPS_AHEAD


@dataclass(frozen=True)
class NewField:
    """An input or output of a new experiment file."""

    name: str
    kind: str
    side: FieldSide
    settings: Mapping[str, Any] = field(default_factory=dict)  # what the file says of it beside its kind

    @property
    def template(self) -> Template:
        """What the file says of it."""
        return template_of(self.kind, self.side)

    @property
    def is_image(self) -> bool:
        """Whether it is an image that is read."""
        return options_class(self.kind, self.side).is_image

    @property
    def is_series(self) -> bool:
        """Whether it is a series that is read."""
        options = options_class(self.kind, self.side)
        return (
            issubclass(options, InputFieldOptions) and options(kind=self.kind).expected_series() is not None
        )

    @property
    def is_read(self) -> bool:
        """Whether it is a text that is answered."""
        options = options_class(self.kind, self.side)
        return issubclass(options, OutputFieldOptions) and options.is_read

    @property
    def annotations(self) -> str | None:
        """Formats that hold it for one image; None if cells of tables do."""
        options = options_class(self.kind, self.side)
        return options.annotations if issubclass(options, OutputFieldOptions) else None


@dataclass(frozen=True)
class MadeData:
    """Made-up examples of some inputs and outputs, below a folder of their own."""

    fields: Sequence[NewField]  # inputs, then outputs
    folder: Path

    def __post_init__(self) -> None:
        """Refuse fields that no example can be made up for."""
        for one in self.fields:
            if one.template.cell is None and one.annotations is None:
                raise ConfigurationError(
                    f"no examples can be made up for {one.name}, which is {one.kind}; name your own by --data, "
                    "or give inputs and outputs by --input and --output"
                )

    @property
    def drawn(self) -> list[NewField]:
        """The outputs that annotations of an image hold."""
        return [field for field in self.fields if field.annotations is not None]

    @property
    def are_masks(self) -> bool:
        """Whether all annotations are masks."""
        return all(field.annotations == "masks" for field in self.drawn)

    @property
    def beside(self) -> list[NewField]:
        """What a table holds: all but the image and its annotations, where there are some."""
        return [one for one in self.fields if not self.drawn or not (one.is_image or one in self.drawn)]

    @property
    def are_windows(self) -> bool:
        """Whether the examples are windows of one long series."""
        first, *others = self.fields
        return first.is_series and all(field.template.goes_on for field in others)

    def splits(self) -> dict[str, dict[str, Any]]:
        """The sources as under `data:`."""
        if self.are_windows:
            table = self.folder / "hours.csv"
            return {
                name: {"windows": table, "past": PAST_HOURS, "rows": list(rows)}
                for name, rows in HOURS.items()
            }
        if not self.drawn:
            return {name: {"table": self.folder / f"{name}.tsv"} for name in EXAMPLE_COUNTS}
        return {name: self.annotated(name) for name in EXAMPLE_COUNTS}

    def annotated(self, split: str) -> dict[str, Any]:
        """The source of annotated images."""
        texts = {"texts": self.folder / f"{split}.tsv"} if self.beside else {}
        if self.are_masks:
            return {"masks": self.folder / f"{split}.txt", "classes": ["ground", *SHAPE_NAMES], **texts}
        return {"coco": self.folder / f"{split}.json", "images": self.folder / "images", **texts}

    def write(self) -> None:
        """Write the files."""
        if self.are_windows:
            write_made(self.folder / "hours.csv", hours_table(HOURS["test"][1]).encode())
            return
        examples = iter(made_up_examples(sum(EXAMPLE_COUNTS.values())))
        for split, count in EXAMPLE_COUNTS.items():
            self.write_split(split, [next(examples) for _ in range(count)])

    def write_split(self, split: str, examples: Sequence[MadeUp]) -> None:
        """Write the table of a split, and the annotations, where there are some."""
        if self.beside:
            rows = [self.row(one) for one in examples]
            text = "".join("\t".join(row) + "\n" for row in [self.head(), *rows])
            write_made(self.folder / f"{split}.tsv", text.encode())
        if not self.drawn:
            return
        image = next(field for field in self.fields if field.is_image)
        for one in examples:
            cell(image, one, self.folder / "images")
        if self.are_masks:
            write_shape_masks(self.folder, split, examples)
        else:
            write_made(self.folder / f"{split}.json", coco_file(examples).encode())

    def head(self) -> list[str]:
        """The names of the columns."""
        image = [field.name for field in self.fields if field.is_image] if self.drawn else []
        return [*image, *(field.name for field in self.beside)]

    def row(self, one: MadeUp) -> list[str]:
        """The cells of an example."""
        image = [f"{one.file_name}.png"] if self.drawn else []
        return [*image, *(cell(field, one, self.folder / field.name) for field in self.beside)]


def cell(field: NewField, one: MadeUp, folder: Path) -> str:
    """The cell of an example; its file, if it has one, is written.

    Args:
        field: The input or output.
        one: The example.
        folder: Where files are written.

    Returns:
        The cell; empty where the kind writes none.
    """
    make = field.template.cell
    return "" if make is None else make(one, folder)


def write_shape_masks(folder: Path, split: str, examples: Sequence[MadeUp]) -> None:
    """Write a mask for each image, and the list of the pairs."""
    from jumok.data.annotations.masks.class_masks import save_mask

    for one in examples:
        encoded = BytesIO()
        save_mask(shape_mask(one), encoded)
        write_made(folder / "masks" / f"{one.file_name}.png", encoded.getvalue())
    lines = [f"images/{one.file_name}.png\tmasks/{one.file_name}.png\n" for one in examples]
    write_made(folder / f"{split}.txt", "".join(lines).encode())


def coco_file(examples: Sequence[MadeUp]) -> str:
    """The shapes of images with their outlines, as a COCO file."""
    images = [
        {"id": one.number, "file_name": f"{one.file_name}.png", "width": SIDE, "height": SIDE}
        for one in examples
    ]
    objects = [(one, outline) for one in examples for outline in outlines(one)]
    annotations = [
        {
            "id": number,
            "image_id": one.number,
            "category_id": 1 + SHAPE_NAMES.index(one.shape),
            "bbox": box_around(outline),
            "segmentation": [outline],
            "iscrowd": 0,
        }
        for number, (one, outline) in enumerate(objects, start=1)
    ]
    categories = [{"id": number, "name": shape} for number, shape in enumerate(SHAPE_NAMES, start=1)]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories}, indent=1)


def box_around(outline: Sequence[float]) -> list[float]:
    """Left and upper edge, width and height of a polygon."""
    xs, ys = outline[::2], outline[1::2]
    return [min(xs), min(ys), round(max(xs) - min(xs), 1), round(max(ys) - min(ys), 1)]


def hours_table(rows: int) -> str:
    """Two channels of an hourly clock that go up and down by day and half day."""
    import numpy as np

    random, hour = np.random.default_rng(1), np.arange(rows)
    load = 100 + 20 * np.sin(2 * np.pi * hour / 24) + random.normal(0, 2, rows)
    heat = 15 + 5 * np.cos(2 * np.pi * hour / 12) + random.normal(0, 0.5, rows)
    begin = datetime(2026, 1, 1)
    lines = [
        f"{begin + timedelta(hours=int(i))},{a:.2f},{b:.2f}" for i, a, b in zip(hour, load, heat, strict=True)
    ]
    return "\n".join(["time,load,heat", *lines, ""])
