"""A small good source of data of each format, for what damages it: one of its files, and how it is told."""

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from image_runs import write_scenes
from image_sets import (
    box_table,
    cvat,
    labelme,
    labelme_shape,
    labelstudio,
    object_masks,
    save_image,
    studio_box,
    studio_region,
    studio_task,
    voc,
    voc_object,
    yolo,
)

WORDS = ["a b", "b c d", "안녕", "c", "d e f", "g, h", 'i "j"', "k"]


def lines(folder: Path) -> tuple[Path, dict]:
    file = folder / "a.txt"
    file.write_text("".join(f"{word}\n" for word in WORDS))
    shutil.copy(file, folder / "b.txt")
    return file, {"lines": {"source": "a.txt", "target": "b.txt"}}


def packed(folder: Path) -> tuple[Path, dict]:
    file, _ = lines(folder)
    (folder / "a.txt.gz").write_bytes(gzip.compress(file.read_bytes()))
    return folder / "a.txt.gz", {"lines": {"source": "a.txt.gz", "target": "b.txt"}}


def table(name: str, between: str, quote: str = "") -> Callable[[Path], tuple[Path, dict]]:
    def write(folder: Path) -> tuple[Path, dict]:
        rows = [f"{quote}{word.replace(chr(34), '')}{quote}{between}x" for word in WORDS]
        (folder / name).write_text("\n".join([f"source{between}target", *rows]) + "\n")
        return folder / name, {"table": name}

    return write


def jsonl(folder: Path) -> tuple[Path, dict]:
    rows = [f'{{"source": "{word[:1]}", "target": "x", "other": [1, null]}}\n' for word in WORDS]
    (folder / "a.jsonl").write_text("".join(rows))
    return folder / "a.jsonl", {"table": "a.jsonl"}


def parquet(folder: Path) -> tuple[Path, dict]:
    pq.write_table(pa.table({"source": WORDS, "target": WORDS[::-1]}), folder / "a.parquet")
    return folder / "a.parquet", {"table": "a.parquet"}


def lexicon(folder: Path) -> tuple[Path, dict]:
    (folder / "a.dict").write_text("ABC  AH0 B S IY1\nABC(2)  EY1\nDEF  D EH1 # letters\n;;; no\n" * 3)
    return folder / "a.dict", {"lexicon": "a.dict"}


def headerless(name: str, between: str) -> Callable[[Path], tuple[Path, dict]]:
    """A table whose columns are given by their numbers."""

    def write(folder: Path) -> tuple[Path, dict]:
        words = [word.replace(between, "") for word in WORDS]
        (folder / name).write_text("".join(f"{word}{between}x\n" for word in words))
        return folder / name, {"table": name, "columns": {"source": 1, "target": 2}}

    return write


def json_list(folder: Path) -> tuple[Path, dict]:
    (folder / "a.json").write_text(json.dumps([{"source": word, "target": "x"} for word in WORDS], indent=1))
    return folder / "a.json", {"table": "a.json"}


TABLES = {
    "lines": lines,
    "gzip": packed,
    "tsv": table("a.tsv", "\t"),
    "csv": table("a.csv", ",", '"'),
    "jsonl": jsonl,
    "parquet": parquet,
    "lexicon": lexicon,
    "headerless csv": headerless("a.csv", ","),
    "headerless txt": headerless("a.txt", "\t"),
    "json": json_list,
}


def coco_file(folder: Path) -> tuple[Path, dict]:
    write_scenes(folder, {"train": 3})
    return folder / "train.json", {"coco": "train.json"}


def voc_xml(folder: Path) -> tuple[Path, dict]:
    for name in "abc":
        voc(folder / "v", voc_object("dog", 1, 2, 30, 40), name)
    return folder / "v" / "Annotations" / "a.xml", {"voc": "v", "split": "train"}


def voc_list(folder: Path) -> tuple[Path, dict]:
    voc_xml(folder)
    return folder / "v" / "ImageSets" / "Main" / "train.txt", {"voc": "v", "split": "train"}


def yolo_yaml(folder: Path) -> tuple[Path, dict]:
    yolo(folder / "y", {"a": "0 0.5 0.5 0.5 0.5\n1 0 0 1 0 1 1\n", "b": "1 0.5 0.5 0.1 0.1\n"})
    return folder / "y" / "data.yaml", {"yolo": "y/data.yaml", "split": "train"}


def yolo_labels(folder: Path) -> tuple[Path, dict]:
    _, source = yolo_yaml(folder)
    return folder / "y" / "labels" / "train" / "a.txt", source


def image(folder: Path) -> tuple[Path, dict]:
    coco_file(folder)
    return next((folder / "images").glob("*.png")), {"coco": "train.json"}


def masks(folder: Path) -> tuple[Path, dict]:
    write_scenes(folder, {"train": 3})
    (folder / "masks").mkdir()
    for file in (folder / "images").glob("*.png"):
        mask = Image.new("L", (64, 48))
        mask.paste(1, (5, 5, 30, 30))
        mask.save(folder / "masks" / file.name)
    file = next((folder / "masks").glob("*.png"))
    return file, {"masks": "masks", "images": "images", "classes": ["ground", "brick"]}


def mask_list(folder: Path) -> tuple[Path, dict]:
    masks(folder)
    names = sorted(file.name for file in (folder / "masks").glob("*.png"))
    (folder / "list.txt").write_text("".join(f"images/{name} masks/{name}\n" for name in names))
    return folder / "list.txt", {"masks": "list.txt", "classes": ["ground", "brick"]}


def voc_anywhere(folder: Path) -> tuple[Path, dict]:
    """XML beside images, as LabelImg leaves it: without lists."""
    for name in "abc":
        voc(folder / "v", voc_object("dog", 1, 2, 30, 40), name)
        for file in (
            folder / "v" / "Annotations" / f"{name}.xml",
            folder / "v" / "JPEGImages" / f"{name}.png",
        ):
            file.rename(folder / file.name)
    shutil.rmtree(folder / "v")
    return folder / "a.xml", {"voc": "."}


def yolo_elsewhere(folder: Path) -> tuple[Path, dict]:
    """Labels beside images, and a path of another machine."""
    text = "path: /home/somebody/y\ntrain: train\nnames:\n  0: cat\n  1: dog\n"
    yolo(folder / "y", {"a": "0 0.5 0.5 0.5 0.5\n", "b": "1 0.5 0.5 0.1 0.1\n"}, text)
    (folder / "y" / "train").mkdir()
    for file in [*(folder / "y").glob("*/train/*")]:
        file.rename(folder / "y" / "train" / file.name)
    return folder / "y" / "data.yaml", {"yolo": "y/data.yaml", "split": "train"}


def cvat_yolo(name: str) -> Callable[[Path], tuple[Path, dict]]:
    """A file of CVAT's YOLO 1.1."""

    def write(folder: Path) -> tuple[Path, dict]:
        images = folder / "y" / "obj_train_data"
        for one in "ab":
            save_image(images / f"{one}.png", seed=ord(one))
            (images / f"{one}.txt").write_text("0 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.1 0.1\n")
        (folder / "y" / "obj.names").write_text("cat\ndog\n")
        (folder / "y" / "train.txt").write_text("data/obj_train_data/a.png\ndata/obj_train_data/b.png\n")
        lines = ("classes = 2", "train = data/train.txt", "names = data/obj.names", "backup = backup/")
        (folder / "y" / "obj.data").write_text("\n".join(lines) + "\n")
        return folder / "y" / name, {"yolo": "y/obj.data", "split": "train"}

    return write


def cvat_xml(folder: Path) -> tuple[Path, dict]:
    shapes = (
        '<box label="cat" xtl="4" ytl="5" xbr="20" ybr="30" occluded="1"/>',
        '<polygon label="dog" points="1.5,2;20,2;20,30"/>',
        '<ellipse label="dog" cx="20" cy="20" rx="5" ry="4" rotation="3"/>',
        '<mask label="cat" rle="3, 4, 5" left="2" top="3" width="4" height="3"/>',
    )
    return cvat(folder, *shapes), {"cvat": "annotations.xml", "images": "images"}


def labelme_file(folder: Path) -> tuple[Path, dict]:
    shapes = (
        labelme_shape("cat", (4, 5), (20, 30)),
        labelme_shape("dog", (1, 2), (30, 2), (30, 40), kind="polygon", group_id=1),
        labelme_shape("dog", (20, 20), (25, 25), kind="circle"),
    )
    labelme(folder / "l", *shapes)
    labelme(folder / "l", *shapes, name="bb")
    return folder / "l" / "a.json", {"labelme": "l"}


def studio_tasks(folder: Path) -> tuple[Path, dict]:
    corners = {"points": [[10, 10], [40, 10], [40, 60.5]], "polygonlabels": ["dog"]}
    task = studio_task(1, studio_box(), studio_region("polygonlabels", corners, id="r2"))
    return labelstudio(folder, task), {"labelstudio": "project.json"}


def masks_of_objects(folder: Path) -> tuple[Path, dict]:
    object_masks(folder / "o")
    return folder / "o" / "n1" / "masks" / "first.png", {"object_masks": "o"}


def boxes_in_a_table(folder: Path) -> tuple[Path, dict]:
    rows = ("a.png,64,48,cat,4,5,20,30", "a.png,64,48,dog,1,1,9,9.5")
    return box_table(folder, *rows), {"boxes": "boxes.csv"}


def named_masks(folder: Path) -> tuple[Path, dict]:
    """Masks called NAME_mask beside their images, of 0 and 255."""
    for name in "abc":
        save_image(folder / "m" / f"{name}.jpg", seed=ord(name))
        mask = Image.new("L", (64, 48))
        mask.paste(255, (5, 5, 30, 30))
        mask.save(folder / "m" / f"{name}_mask.png")
    source = {"masks": "m", "images": "m", "classes": ["ground", "brick"]}
    return folder / "m" / "b_mask.png", source


def instances(folder: Path) -> tuple[Path, dict]:
    """Masks whose values number objects."""
    file, _ = named_masks(folder)
    for number, mask in enumerate((folder / "m").glob("*_mask.png")):
        numbers = Image.new("I;16", (64, 48))
        numbers.paste(number + 1, (5, 5, 20, 20))
        numbers.paste(number + 300, (30, 5, 40, 20))
        numbers.save(mask)
    return file, {"masks": "m", "images": "m", "instances": True, "classes": ["ground", "cell"]}


ANNOTATIONS = {
    "coco": coco_file,
    "voc": voc_xml,
    "voc list": voc_list,
    "yolo": yolo_yaml,
    "labels": yolo_labels,
    "image": image,
    "mask": masks,
    "mask list": mask_list,
    "voc anywhere": voc_anywhere,
    "yolo elsewhere": yolo_elsewhere,
    **{f"cvat {name}": cvat_yolo(name) for name in ("obj.data", "obj.names", "train.txt")},
    "cvat label": cvat_yolo("obj_train_data/a.txt"),
    "cvat xml": cvat_xml,
    "labelme": labelme_file,
    "label studio": studio_tasks,
    "object masks": masks_of_objects,
    "box table": boxes_in_a_table,
    "named mask": named_masks,
    "instances": instances,
}
AS_MASKS = ("mask", "mask list", "named mask")
