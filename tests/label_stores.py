"""A store of objects in memory, as small as the contract allows: versions count the changes of an item."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any

from jumok.errors import DataError
from jumok.labelling.contract import AnswerColumn, ItemMarks, LabelConflict, LabelItem


class MemoryStore:
    """Objects by item; `others_write` is another program."""

    kind, format, outlines = "objects", "memory", True
    columns: tuple[AnswerColumn, ...] = ()

    def __init__(self, images: Mapping[str, Path | None], names: Sequence[str] = ("cat", "dog")) -> None:
        self.place = Path("memory")
        self._names = list(names)
        self._images = dict(images)
        self._marks: dict[str, list[dict[str, Any]]] = {}
        self._versions = dict.fromkeys(images, 0)
        self._news: set[str] = set()
        self._lock = RLock()
        self.fault: Exception | None = None  # that the next write meets
        self.texts: dict[str, str] = {}

    def classes(self) -> tuple[str, ...]:
        return tuple(self._names)

    def add_class(self, name: str) -> tuple[str, ...]:
        if name in self._names:
            raise DataError(f"there is a class {name!r} already")
        self._names.append(name)
        return self.classes()

    def items(self) -> list[LabelItem]:
        with self._lock:
            return [
                LabelItem(key, f"{key}.png", image, self.read(key).state, self._classes_of(key))
                for key, image in self._images.items()
            ]

    def _classes_of(self, key: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one["class"] for one in self._marks.get(key, ())))

    def read(self, key: str) -> ItemMarks:
        with self._lock:
            objects = self._marks.get(key)
            state = "unlabelled" if objects is None else "labelled" if objects else "empty"
            return ItemMarks(str(self._versions[key]), {"objects": list(objects or ())}, state)

    def write(self, key: str, version: str, marks: Mapping[str, Any]) -> ItemMarks:
        with self._lock:
            if self.fault is not None:
                raise self.fault
            if version != str(self._versions[key]):
                raise LabelConflict("somebody else has changed this item", self.read(key))
            objects = [
                {**one, "id": str(number)} for number, one in enumerate(marks["objects"]) if one["class"]
            ]
            self._marks[key] = objects
            self._versions[key] += 1
            return self.read(key)

    def others_write(self, key: str, objects: list[dict[str, Any]]) -> None:
        with self._lock:
            self.write(key, str(self._versions[key]), {"objects": objects})
            self._news.add(key)

    def changed(self) -> frozenset[str]:
        with self._lock:
            found, self._news = frozenset(self._news), set()
            return found

    def inputs(self, key: str) -> Mapping[str, Any]:
        return {"image": self._images[key], **self.texts}

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """A COCO file, which names the images where they are."""
        images, objects = [], []
        for number, (key, path) in enumerate(self._images.items()):
            marked = self.read(key)
            if marked.state == "unlabelled":
                continue
            images.append({"id": number, "file_name": str(path), "width": 64, "height": 48})
            for one in marked.marks["objects"]:
                x1, y1, x2, y2 = one["box"]
                where = {"image_id": number, "category_id": self._names.index(one["class"])}
                objects.append({"id": len(objects), **where, "bbox": [x1, y1, x2 - x1, y2 - y1]})
        categories = [{"id": number, "name": name} for number, name in enumerate(self._names)]
        document = {"images": images, "annotations": objects, "categories": categories}
        (folder / "annotations.json").write_text(json.dumps(document))
        return {"coco": folder / "annotations.json", "images": Path("/")}


def box(name: str = "cat", *edges: float) -> dict[str, Any]:
    """A new object as the page sends it."""
    return {
        "id": None,
        "class": name,
        "box": list(edges or (1.0, 2.0, 30.0, 20.0)),
        "polygons": None,
        "fixed": False,
        "crowd": False,
        "difficult": False,
        "truncated": False,
        "occluded": False,
    }
