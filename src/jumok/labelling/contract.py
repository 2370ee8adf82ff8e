"""What all stores of annotations share: items that are labelled one by one, and how their marks are read and written.

Marks are JSON, one form for each kind of store:

- objects: `{"objects": [{"id": "7", "class": "RBC", "box": [x1, y1, x2, y2], "polygons": [[x, y, ...], ...] or null,
  "fixed": false, "crowd": false, "difficult": false, "truncated": false, "occluded": false}]}`, in pixels of the image
  as it is shown. `id` names the record in the file (null: a new one); `fixed` outlines cannot be edited.
- mask: `{"mask": PNG}`, base64 of 8-bit gray whose values are indexes of classes, 255 where none is known; or null.
- values: `{"values": {"label": "cat", "caption": null}}`, null where the cell is empty.
- stretches: `{"stretches": [{"start": 120, "end": 480, "class": "walking"}]}`, rows of a recording without the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from jumok.errors import DataError

MarksKind = Literal["objects", "mask", "values", "stretches"]
ItemState = Literal["labelled", "empty", "unlabelled"]  # empty: looked at, and nothing is on it


@dataclass(frozen=True, slots=True)
class LabelItem:
    """One thing to label: an image, a row of a table, or a recording."""

    key: str  # stays while the item does: the name of an image below its folder, "row 17", the id of a recording
    name: str  # as shown
    image: Path | None = None  # what is shown, if it is an image
    state: ItemState = "unlabelled"
    classes: tuple[str, ...] = ()  # of what is marked on it


@dataclass(frozen=True, slots=True)
class ItemMarks:
    """What is marked on an item, and the version that it was read at."""

    version: str  # digest of the records of the item as they stand in the file; "" where there are none
    marks: Mapping[str, Any]
    state: ItemState
    problems: tuple[
        str, ...
    ] = ()  # records that could not be read, with file and line; they stay as they are


@dataclass(frozen=True, slots=True)
class AnswerColumn:
    """A column of a table that is filled by hand."""

    name: str
    kind: Literal["label", "text", "values"]
    classes: tuple[str, ...] = ()  # of a label, as far as they occur
    several: bool = False  # whether a cell holds several labels, with ; between them


class LabelConflict(DataError):
    """Somebody else has changed an item meanwhile; `current` is what stands there now."""

    def __init__(self, message: str, current: ItemMarks, ko: str | None = None) -> None:
        super().__init__(message, ko)
        self.current = current


class LabelStore(Protocol):
    """The annotations of one split on the disk; several threads and processes may use them at once."""

    @property
    def kind(self) -> MarksKind:
        """The form of the marks."""
        ...

    @property
    def format(self) -> str:
        """How they are written: coco, yolo, voc, masks, table, recordings, ..."""
        ...

    @property
    def place(self) -> Path:
        """The file or folder that is written."""
        ...

    @property
    def outlines(self) -> bool:
        """Whether objects may have polygons."""
        ...

    @property
    def columns(self) -> Sequence[AnswerColumn]:
        """The columns of a table that are filled by hand, else none."""
        ...

    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in their order."""
        ...

    def add_class(self, name: str) -> tuple[str, ...]:
        """Add a class, written at once; DataError if the format cannot."""
        ...

    def items(self) -> Sequence[LabelItem]:
        """All items in the order of the file; images that no record names come last."""
        ...

    def read(self, key: str) -> ItemMarks:
        """What is marked on an item; DataError if there is no such item."""
        ...

    def write(self, key: str, version: str, marks: Mapping[str, Any]) -> ItemMarks:
        """Write the marks of an item, whole or not at all; all other records keep their bytes.

        Args:
            key: The item.
            version: The version that was read before the change.
            marks: The marks.

        Returns:
            What stands there now.

        Raises:
            LabelConflict: If the item is of another version by now.
            DataError: If the marks do not fit.
            RunError: If the disk refuses; nothing is changed then.
        """
        ...

    def changed(self) -> frozenset[str]:
        """The items that others have changed since the last call."""
        ...

    def inputs(self, key: str) -> Mapping[str, Any]:
        """What a model reads for an item, by the name of the input."""
        ...

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """Write the items that are not unlabelled into a folder; gives the source as `data.train` would name it."""
        ...
