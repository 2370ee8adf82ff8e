"""Small data sets, written by hand or drawn at random."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from jumok.classes import Class
from jumok.data.annotations.annotated import AnnotatedImage, AnnotatedSet, Annotation, SourceLocation
from jumok.data.images.reading import Size

NOWHERE = SourceLocation("made up", None)


def save_image(path: Path, width: int = 64, height: int = 48, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    Image.fromarray(noise).save(path)
    return path


def coco(tmp_path: Path, **changes: Any) -> Path:
    """A COCO file with gaps in its ids, an image without annotations, a crowd; a record on each line."""
    lists: dict[str, Any] = {
        "images": [
            {"id": 7, "file_name": "a.png", "width": 64, "height": 48},
            {"id": 90, "file_name": "night/b.png", "width": 64, "height": 48},
        ],
        "annotations": [
            {"id": 5, "image_id": 90, "category_id": 18, "bbox": [1.5, 2, 10.25, 20], "iscrowd": 0},
            {"id": 9, "image_id": 90, "category_id": 3, "bbox": [0, 0, 64, 48], "iscrowd": 1, "area": 12},
        ],
        "categories": [{"id": 3, "name": "cat", "supercategory": "animal"}, {"id": 18, "name": "dog"}],
    }
    lists.update(changes)
    parts = [f'"{k}": [\n' + ",\n".join(map(json.dumps, v)) + "\n]" for k, v in lists.items()]
    path = tmp_path / "instances.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")
    save_image(tmp_path / "a.png")
    save_image(tmp_path / "night" / "b.png", seed=1)
    return path


def voc(
    folder: Path, objects: str, name: str = "a", split: str = "train", size: tuple[int, int] = (64, 48)
) -> Path:
    """A VOC folder with an image; `objects` is the XML of its objects, from line 4 on."""
    for part in ("Annotations", "ImageSets/Main"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    text = (
        f"<annotation>\n<filename>{name}.png</filename>\n"
        f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>\n{objects}\n</annotation>"
    )
    (folder / "Annotations" / f"{name}.xml").write_text(text)
    with (folder / "ImageSets" / "Main" / f"{split}.txt").open("a") as lists:
        lists.write(f"{name}\n")
    save_image(folder / "JPEGImages" / f"{name}.png")
    return folder


def voc_object(name: str, *edges: object, flags: str = "") -> str:
    tags = zip(("xmin", "ymin", "xmax", "ymax"), edges, strict=True)
    box = "".join(f"<{tag}>{edge}</{tag}>" for tag, edge in tags)
    return f"<object><name>{name}</name>{flags}<bndbox>{box}</bndbox></object>"


def yolo(
    folder: Path, labels: dict[str, str], text: str = "train: images/train\nnames: [cat, dog]\n"
) -> Path:
    """A YOLO folder with an image for each text of labels."""
    (folder / "labels" / "train").mkdir(parents=True)
    for seed, (name, lines) in enumerate(labels.items()):
        (folder / "labels" / "train" / f"{name}.txt").write_text(lines)
        save_image(folder / "images" / "train" / f"{name}.png", seed=seed)
    (folder / "data.yaml").write_text(text)
    return folder / "data.yaml"


def labelme_shape(
    label: str, *points: tuple[float, float], kind: str = "rectangle", **more: Any
) -> dict[str, Any]:
    return {"label": label, "points": [list(point) for point in points], "shape_type": kind, **more}


def labelme(
    folder: Path, *shapes: dict[str, Any], name: str = "a", image: str = "{}.png", **more: Any
) -> Path:
    """A folder with an image and the labelme file of its shapes, each on a line of its own from line 2 on."""
    shapes = shapes or (labelme_shape("cat", (4, 5), (20, 30)),)
    lines = ",\n".join(json.dumps(shape) for shape in shapes)
    rest = {"imagePath": image.format(name), "imageWidth": 64, "imageHeight": 48, "imageData": None, **more}
    save_image(folder / f"{name}.png", seed=len(name))
    (folder / f"{name}.json").write_text(f'{{"shapes": [\n{lines}\n], {json.dumps(rest)[1:]}')
    return folder


def cvat(
    folder: Path, *shapes: str, labels: tuple[str, ...] = ("dog", "cat"), name: str = "a.png", more: str = ""
) -> Path:
    """CVAT's XML over one image, its shapes on lines of their own from line 4 on."""
    shapes = shapes or ('<box label="cat" xtl="4" ytl="5" xbr="20" ybr="30" occluded="1"/>',)
    named = "".join(f"<label><name>{label}</name></label>" for label in labels)
    text = (
        f"<annotations><version>1.1</version><meta><task><labels>{named}</labels></task></meta>\n\n"
        f'<image id="0" name="{name}" width="64" height="48"{more}>\n'
        + "\n".join(shapes)
        + "\n</image>\n</annotations>\n"
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "annotations.xml").write_text(text)
    save_image(folder / "images" / name)
    return folder / "annotations.xml"


def studio_box(label: str = "cat", *box: float, **more: Any) -> dict[str, Any]:
    """A rectangle of Label Studio on an image of 64 x 48; left, top, width and height are percent."""
    left, top, width, height = box or (25, 50, 50, 25)
    value = {"x": left, "y": top, "width": width, "height": height, "rotation": 0, "rectanglelabels": [label]}
    return studio_region("rectanglelabels", value, **more)


def studio_region(kind: str, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A result of Label Studio on an image of 64 x 48."""
    sizes = {"original_width": 64, "original_height": 48, "image_rotation": 0}
    return {"id": "r1", "type": kind, "from_name": "tag", "to_name": "img", **sizes, "value": value, **more}


def studio_task(
    number: int = 1, *results: dict[str, Any], image: str = "a.png", **more: Any
) -> dict[str, Any]:
    """A task of Label Studio with one annotation."""
    annotation = {"id": 10 * number, "result": list(results), "was_cancelled": False, "ground_truth": False}
    return {"id": number, "data": {"image": image}, "annotations": [annotation], "predictions": [], **more}


def labelstudio(folder: Path, *tasks: Any, name: str = "project.json") -> Path:
    """An export of Label Studio beside the image a.png, a task on each line from line 2 on."""
    tasks = tasks or (studio_task(1, studio_box()),)
    save_image(folder / "a.png")
    (folder / name).write_text("[\n" + ",\n".join(map(json.dumps, tasks)) + "\n]\n")
    return folder / name


def object_masks(folder: Path, *names: str) -> Path:
    """Images with folders of their own, in each two masks of rectangles: 10 x 5 at (2, 3) and 4 x 8 at (30, 20)."""
    for seed, name in enumerate(names or ("n1", "n2")):
        save_image(folder / name / "images" / f"{name}.png", seed=seed)
        save_object_mask(folder / name / "masks" / "first.png", (2, 3, 12, 8))
        save_object_mask(folder / name / "masks" / "second.png", (30, 20, 34, 28))
    return folder


def save_object_mask(path: Path, *boxes: tuple[int, int, int, int], size: tuple[int, int] = (64, 48)) -> Path:
    """A mask of 0 and 255 with these boxes painted."""
    values = np.zeros((size[1], size[0]), np.uint8)
    for x1, y1, x2, y2 in boxes:
        values[y1:y2, x1:x2] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)
    return path


def box_table(
    folder: Path, *rows: str, header: str = "filename,width,height,class,xmin,ymin,xmax,ymax"
) -> Path:
    """A table of boxes beside its image; the first row is in line 2."""
    save_image(folder / "a.png")
    lines = [*([header] if header else []), *(rows or ("a.png,64,48,cat,4,5,20,30",))]
    (folder / "boxes.csv").write_text("".join(f"{line}\n" for line in lines))
    return folder / "boxes.csv"


def coordinates(size: int) -> st.SearchStrategy[tuple[float, float]]:
    """Two different coordinates in order, whole or with up to four decimals."""
    whole = st.integers(0, size).map(float)
    fine = st.integers(0, size * 10_000).map(lambda n: n / 10_000)
    return (
        st.tuples(whole | fine, whole | fine).filter(lambda p: p[0] != p[1]).map(lambda p: (min(p), max(p)))
    )


@st.composite
def annotated_sets(draw: st.DrawFn, outlines: bool = False) -> AnnotatedSet:
    """Images with boxes of three classes; with outlines or without."""
    names = ("cat", "dog", "검은 <개> & 'co'")
    images = []
    for number in range(draw(st.integers(1, 3))):
        size = Size(draw(st.integers(1, 5000)), draw(st.integers(1, 5000)))
        marked = []
        for _ in range(draw(st.integers(0, 4))):
            (x1, x2), (y1, y2) = draw(coordinates(size.width)), draw(coordinates(size.height))
            polygon = (x1, y1, x2, y1, x2, y2, x1, round((y1 + y2) / 2, 6)) if outlines else None
            marked.append(
                Annotation(
                    (x1, y1, x2, y2),
                    draw(st.sampled_from(names)),
                    NOWHERE,
                    difficult=draw(st.booleans()),
                    truncated=draw(st.booleans()),
                    segmentation=(polygon,) if polygon else None,
                )
            )
        name = f"{number}/{number}.png"
        images.append(AnnotatedImage(Path(name), name, NOWHERE, size, tuple(marked)))
    return AnnotatedSet(tuple(map(Class, names)), tuple(images))
