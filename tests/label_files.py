"""Small sets of annotated images in several formats, written as other programs write them, and how to open them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from jumok import files
from jumok.data.annotations.annotated import AnnotatedImage, AnnotatedSet
from jumok.data.annotations.box_tables.reading import read_box_table
from jumok.data.annotations.coco.reading import read_coco
from jumok.data.annotations.voc.reading import read_voc
from jumok.data.annotations.yolo.reading import read_yolo
from jumok.labelling.box_tables.store import BoxTableStore
from jumok.labelling.coco.store import CocoStore
from jumok.labelling.contract import LabelStore
from jumok.labelling.folders.folder_store import FolderStore
from jumok.labelling.folders.voc_store import VocFormat
from jumok.labelling.folders.yolo_store import YoloFormat

SIZE = (64, 48)
CLASSES = ("cat", "dog", "bird")
BOXES = {  # class and box of each object by image; d has no annotation yet
    "a": [("cat", (1.5, 2, 20, 30.25)), ("dog", (30, 4, 60, 40)), ("cat", (0, 0, 64, 48))],
    "b": [("dog", (10, 10, 20, 20))],
    "c": [],
}


@dataclass(frozen=True)
class LabelFiles:
    """A format: writes a set into a folder, opens it, and reads it as `jumok train` does."""

    make: Callable[[Path], None]
    open: Callable[[Path], LabelStore]
    read: Callable[[Path], AnnotatedSet]
    flags: tuple[str, ...]


def make_images(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*BOXES, "d"):
        Image.new("RGB", SIZE).save(folder / f"{name}.png")


def coco_document() -> dict:
    images = [
        {"license": 3, "file_name": f"{name}.png", "width": 64, "height": 48, "id": 10 * number}
        for number, name in enumerate(BOXES, 1)
    ]
    objects = [(image["id"], *one) for image in images for one in BOXES[image["file_name"][0]]]
    annotations = [
        {
            "id": 2 * number,
            "image_id": image,
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "category_id": 1 + CLASSES.index(name),
            "area": (x2 - x1) * (y2 - y1),
            "iscrowd": 0,
            "segmentation": [],
            "attributes": {"colour": "r\u00f6t", "occluded": False},
            "track": {"id": [number, 1.50]},
        }
        for number, (image, name, (x1, y1, x2, y2)) in enumerate(objects, 1)
    ]
    categories = [{"id": number, "name": name} for number, name in enumerate(CLASSES, 1)]
    return {"info": {"year": 2026}, "images": images, "annotations": annotations, "categories": categories}


def make_coco(folder: Path) -> None:
    make_images(folder / "images")
    text = json.dumps(coco_document(), indent=2)
    (folder / "set.json").write_text(f"{text}\n \n", encoding="utf-8")


def make_yolo(folder: Path) -> None:
    make_images(folder / "images" / "train")
    labels = folder / "labels" / "train"
    labels.mkdir(parents=True)
    for name, objects in BOXES.items():
        lines = (
            f" {CLASSES.index(label)} {(x1 + x2) / 128} {(y1 + y2) / 96}  {(x2 - x1) / 64} {(y2 - y1) / 48:.4e} \r\n"
            for label, (x1, y1, x2, y2) in objects
        )
        (labels / f"{name}.txt").write_bytes("\r\n".join(lines).removesuffix("\r\n").encode())
    (folder / "data.yaml").write_text("# ours\ntrain: images/train\nnames: [cat, dog, bird] # three\n")


def make_voc(folder: Path) -> None:
    make_images(folder / "JPEGImages")
    (folder / "Annotations").mkdir()
    for name, objects in BOXES.items():
        elements = "".join(
            f"  <object>\n    <name>{label}</name>\n    <!-- seen -->\n    <pose>Left</pose>\n"
            f"    <truncated>0</truncated>\n    <bndbox>\n      <xmin>{x1 + 1:.2f}</xmin>\n      <xmax>{x2}</xmax>\n"
            f"      <ymin> {y1 + 1}</ymin>\n      <ymax>{y2}</ymax>\n    </bndbox>\n    <part><name>ear</name></part>\n"
            "  </object>\n"
            for label, (x1, y1, x2, y2) in objects
        )
        (folder / "Annotations" / f"{name}.xml").write_text(
            f'<?xml version="1.0"?>\n<annotation verified="yes">\n  <filename>{name}.png</filename>\n'
            f"{elements}  <note>kept</note>\n</annotation>"
        )
    (folder / "ImageSets" / "Main").mkdir(parents=True)
    (folder / "ImageSets" / "Main" / "train.txt").write_text("\n".join(BOXES))


def make_boxes(folder: Path) -> None:
    make_images(folder / "images")
    lines = ["\ufeffseen,ImagePath,width,height,label, xmin,ymin,x_max,y max,note"]
    for name, objects in BOXES.items():
        lines += [
            f'yes,"{name}.png",64,48,{label}, {x1},{y1:.2f},"{x2}",{y2},"kept, ""so"""'
            for label, (x1, y1, x2, y2) in objects
        ]
        lines += [] if objects else [f"yes,{name}.png,64,48,,,,,,"]
    (folder / "set.csv").write_bytes("\r\n".join(lines).encode())


FORMATS = {
    "coco": LabelFiles(
        make_coco,
        lambda folder: CocoStore(folder / "set.json"),
        lambda folder: read_coco(folder / "set.json"),
        ("crowd", "difficult", "truncated", "occluded"),
    ),
    "yolo": LabelFiles(
        make_yolo,
        lambda folder: FolderStore(YoloFormat(folder / "data.yaml", "train")),
        lambda folder: read_yolo(folder / "data.yaml", "train"),
        (),
    ),
    "voc": LabelFiles(
        make_voc,
        lambda folder: FolderStore(VocFormat(folder, "train")),
        lambda folder: read_voc(folder, "train", CLASSES),
        ("difficult", "truncated", "occluded"),
    ),
    "boxes": LabelFiles(
        make_boxes,
        lambda folder: BoxTableStore(folder / "set.csv"),
        lambda folder: read_box_table(folder / "set.csv"),
        (),
    ),
}


def file_bytes(folder: Path) -> dict[str, bytes]:
    """The bytes of all files of a folder that are no images, by name."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".png")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def by_name(data: AnnotatedSet) -> dict[str, AnnotatedImage]:
    """The images of a set by their names."""
    return {image.name: image for image in data.images}


def write_beside(monkeypatch: pytest.MonkeyPatch, folder: Path, times: int) -> list[str]:
    """Another program adds a line end to each file that is about to be replaced; gives the names of the files."""
    write, changed = files.write_synced, []

    def written(path: Path, data: bytes) -> None:
        write(path, data)
        match = files.UNFINISHED_NAME.fullmatch(path.name)
        target = path.with_name(match["name"]) if match else path
        if target.exists() and len(changed) < times:
            changed.append(target.relative_to(folder).as_posix())
            target.write_bytes(target.read_bytes() + b"\n")

    monkeypatch.setattr(files, "write_synced", written)
    return changed
