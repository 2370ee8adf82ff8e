"""The page of suspected annotations, and what is listed of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jumok.evaluation.mistakes.row_images import RowImages
from jumok.evaluation.mistakes.suspicions import CheckedRows, Suspicion, by_row
from jumok.reporting.page import render

if TYPE_CHECKING:
    from jumok.dataset.split import Split
    from jumok.experiment.sources import SourceOptions

LABEL_PAGE = "http://127.0.0.1:8766/#key="  # of `jumok label`, with its default port
MOST_CHARACTERS = 300  # of an input on the page


@dataclass(frozen=True)
class CheckedSplit:
    """What is told of a split that was looked through."""

    name: str
    rows: int
    is_seen: bool  # by the model


@dataclass(frozen=True)
class MistakeReport:
    """What was looked through, and what is suspected, best first."""

    run: str
    experiment: str  # the file, as a command names it
    splits: Sequence[CheckedSplit]
    folds: int  # 0: each row was compared with the run's own model
    total: int  # suspicions, listed or not
    found: Sequence[Suspicion]
    keys: Sequence[str]  # of each suspicion, in the label page
    parts: Sequence[CheckedRows]

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "model": self.run,
            "splits": [
                {"name": one.name, "rows": one.rows, "seen_by_the_model": one.is_seen} for one in self.splits
            ],
            "folds": self.folds or None,
            "total": self.total,
            "mistakes": [
                {
                    "rank": rank,
                    "split": self.parts[one.part].split.name,
                    "key": key,
                    "file": str(self.parts[one.part].split.files[0]),
                    "line": self.parts[one.part].split.line(one.example),
                    "row": row_name(self.parts[one.part].split, one.example),
                    "output": one.output,
                    **one.what.to_json(),
                    "link": link_to(key),
                }
                for rank, (one, key) in enumerate(zip(self.found, self.keys, strict=True), 1)
            ],
        }

    def html(self, images: Mapping[tuple[int, int], RowImages]) -> str:
        """The page, with the images of each row by its part and example."""
        ranks = {id(one): rank for rank, one in enumerate(self.found, 1)}
        keys = {id(one): key for one, key in zip(self.found, self.keys, strict=True)}
        rows = [
            {
                "name": row_name(self.parts[part].split, example),
                "place": place_of_row(self.parts[part].split, example),
                "split": self.parts[part].split.name,
                "link": link_to(keys[id(found[0])]),
                "inputs": texts_of(self.parts[part].split, example),
                "found": [{"rank": ranks[id(one)], "what": one.what, "output": one.output} for one in found],
                "images": images[part, example],
            }
            for (part, example), found in by_row(self.found).items()
        ]
        several = len(self.parts[0].split.outputs) > 1 if self.parts else False
        return render(
            "mistakes.html",
            {"title": f"mistakes in {self.experiment}", "report": self, "rows": rows, "several": several},
        )


def row_name(split: "Split", example: int) -> str:
    """What a row is called: the file that it is read from, or its line."""
    for name, field in split.inputs.items():
        if field.reads_files and split.text(name, example):
            return split.text(name, example)
    return f"row {split.line(example)}"


def place_of_row(split: "Split", example: int) -> str:
    """The file of the annotations and the line in it; the folder alone, where each image has a file of its own."""
    file = split.files[0]
    return file.name if file.is_dir() else f"{file.name}:{split.line(example)}"


def texts_of(split: "Split", example: int) -> dict[str, str]:
    """The inputs that are texts, the beginning of long ones."""
    found = {}
    for name, field in split.inputs.items():
        if not field.reads_files and field.array is None:
            text = split.text(name, example)
            found[name] = text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
    return found


def key_of_row(split: "Split", source: "SourceOptions", example: int) -> str:
    """What the label page calls a row: an annotated image by its path below the folder of images, others by their line.

    Args:
        split: The split.
        source: Where its rows come from.
        example: The number of the row in the split.

    Returns:
        The key.
    """
    for name, field in split.inputs.items():
        if source.is_annotated and field.reads_files:
            return image_key(split.root / split.text(name, example), folders_of(source, split.root))
    return f"row {split.line(example)}"


def folders_of(source: "SourceOptions", root: Path) -> list[Path]:
    """The folders that images of a source may be in, the innermost first."""
    named = [source.images] if source.images is not None else []
    return [*named, root / "JPEGImages", root / "images", root]


def image_key(image: Path, folders: Sequence[Path]) -> str:
    """The path of an image below the first of some folders that it is in; its name if it is in none."""
    place = image.resolve()
    for folder in folders:
        if place.is_relative_to(folder.resolve()):
            return place.relative_to(folder.resolve()).as_posix()
    return place.name


def link_to(key: str) -> str:
    """The address of a row in the label page."""
    return LABEL_PAGE + quote(key, safe="/")
