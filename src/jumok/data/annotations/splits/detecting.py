"""Detects the annotation format at a path, and its splits."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from jumok.data.annotations.box_tables.reading import is_box_table
from jumok.data.annotations.cvat.reading import subsets_of
from jumok.data.annotations.documents.json_kinds import COCO_LISTS, is_label_studio, why_no_coco
from jumok.data.annotations.documents.located_json import read_text
from jumok.data.annotations.documents.located_xml import read_xml
from jumok.data.annotations.finding import USUAL_SPLITS
from jumok.data.annotations.masks.object_masks import is_object_masks
from jumok.data.annotations.voc.layout import split_folders, voc_splits, xml_below
from jumok.data.annotations.yolo.file import read_yolo_file
from jumok.data.images.reading import SUFFIXES
from jumok.data.tables.faults import UnreadableFile, refusing_unreadable
from jumok.data.tables.listing import entries, files_below, is_hidden
from jumok.data.tables.open_text import is_file, is_folder, nearest_file
from jumok.errors import DataError
from jumok.wording import quantity

NAME_FILE_OR_FOLDER = (
    "name a COCO .json, a VOC folder, a YOLO data.yaml, a folder of labelme, CVAT's annotations.xml, Label Studio's "
    "JSON, a .csv of boxes or a folder of one mask for each object"
)
MASK_FOLDERS = ("masks", "mask", "segmentationclass")
ALL = "all"  # what the only split is called where it has no name


@dataclass(frozen=True)
class DetectedSource:
    """A path with the format of its annotations."""

    format: str
    path: Path
    has_splits: bool = False  # whether its splits have names
    files: dict[str, Path] = field(default_factory=dict)  # of splits that have a file each


def detect_format(source: Path) -> DetectedSource:
    """The format at a path; raises DataError if it has no boxes or outlines."""
    found = look_at(source)
    if found is None:
        raise DataError(
            nothing_known(source)
            if is_folder(source)
            else f"{source} is no annotation file; {NAME_FILE_OR_FOLDER}"
        )
    return found


def look_at(source: Path) -> DetectedSource | None:
    """The format at a path; None if none is recognized. Raises DataError if the format cannot be read."""
    if not is_file(source) and not is_folder(source):
        raise DataError(f"{source}: does not exist; {nearest_file(source)}")
    return in_folder(source) if is_folder(source) else in_file(source)


def in_file(file: Path) -> DetectedSource | None:
    """The format of a file, by suffix and content."""
    name = file.name.lower().removesuffix(".gz")
    if name.endswith((".yaml", ".yml", ".data")):
        return DetectedSource("yolo", file, has_splits=True)
    if name.endswith(".json"):
        kind = json_format(file)
        if kind == "labelme":
            return DetectedSource("labelme", file.parent)
        return DetectedSource(kind or "coco", file, files={file.name.split(".json")[0]: file})
    if is_box_table(file):
        return DetectedSource("boxes", file, files={Path(name).stem: file})
    if name.endswith(".xml"):
        with refusing_unreadable():
            root = read_xml(file)
        if root.tag == "annotation":
            raise DataError(f"{file} holds the boxes of one image, as Pascal VOC has them; name its folder")
        return DetectedSource("cvat", file, has_splits=bool(subsets_of(root)))
    return None


def in_folder(folder: Path) -> DetectedSource | None:
    """The format of a folder, by its content."""
    tried: tuple[Callable[[Path], DetectedSource | None], ...] = (
        voc_with_lists,
        yolo_folder,
        json_folder,
        cvat_folder,
        voc_without_lists,
        table_folder,
        object_mask_folder,
        labelme_below,
    )
    return next((source for look in tried if (source := look(folder)) is not None), None)


def voc_with_lists(folder: Path) -> DetectedSource | None:
    """A folder of Pascal VOC with lists of its splits."""
    return DetectedSource("voc", folder, has_splits=True) if voc_splits(folder) else None


def yolo_folder(folder: Path) -> DetectedSource | None:
    """The data.yaml of a folder, under any name: a YAML file that lists names."""
    try:
        file = read_yolo_file(folder).path
    except UnreadableFile:
        return (
            DetectedSource("yolo", folder / "data.yaml", has_splits=True)
            if is_file(folder / "data.yaml")
            else None
        )
    return DetectedSource("yolo", file, has_splits=True)


def json_folder(folder: Path) -> DetectedSource | None:
    """Files of COCO or Label Studio, one per split, or of labelme; those of a split may be in a folder of their own."""
    files = json_files(folder)
    formats = {name: json_format(file) for name, file in files.items()}
    for kind in ("coco", "labelstudio"):
        found = {name: file for name, file in files.items() if formats[name] == kind}
        if found:
            return DetectedSource(kind, folder, files=found)
    if "labelme" in formats.values():
        return DetectedSource("labelme", folder)
    inside = {name: json_files(folder / name) for name in (*USUAL_SPLITS, "annotations")}
    named: dict[str, dict[str, Path]] = {"coco": {}, "labelstudio": {}}
    kinds: dict[str, str | None] = {}  # of the first file of each
    for name, listed in inside.items():
        for stem, file in listed.items():
            kinds.setdefault(name, of_file := json_format(file))
            if of_file in named:
                named[of_file][stem if name == "annotations" else name] = file
    for kind, split_files in named.items():
        if split_files:
            return DetectedSource(kind, folder, files=split_files)
    for name in inside:
        if kinds.get(name) == "labelme" or name in USUAL_SPLITS and is_labelme_below(folder / name):
            return DetectedSource(
                "labelme", folder / name if name == "annotations" else folder, name in USUAL_SPLITS
            )
    if files:
        fault = why_no_coco(next(iter(files.values())))
        raise DataError(
            str(fault) if fault else f"{folder}: its JSON files are damaged; {NAME_FILE_OR_FOLDER}"
        )
    return None


def labelme_below(folder: Path) -> DetectedSource | None:
    """A folder whose folders hold files of labelme."""
    return DetectedSource("labelme", folder) if is_labelme_below(folder) else None


def is_labelme_below(folder: Path) -> bool:
    """Whether the first JSON file in the folders below is one of labelme."""
    first = next(iter(files_below(folder, (".json",)).files), None) if is_folder(folder) else None
    return first is not None and json_format(first) == "labelme"


def json_files(folder: Path) -> dict[str, Path]:
    """The visible JSON files of a folder, by name without suffix."""
    names = [name for name in entries(folder) if name.lower().endswith((".json", ".json.gz"))]
    return {name.split(".json")[0]: folder / name for name in names if not is_hidden([name])}


def json_format(file: Path) -> str | None:
    """ "coco", "labelme" or "labelstudio"; None for other files."""
    try:
        document = json.loads(read_text(file))
    except (UnreadableFile, ValueError, RecursionError):
        return "coco"  # whose reader tells what is wrong
    records = document if isinstance(document, list) else [document]
    if any(isinstance(one, dict) and is_label_studio(one) for one in records):
        return "labelstudio"
    if not isinstance(document, dict):
        return None
    if "shapes" in document:
        return "labelme"
    return "coco" if all(isinstance(document.get(name), list) for name in COCO_LISTS) else None


def cvat_folder(folder: Path) -> DetectedSource | None:
    """A folder with the annotations.xml of CVAT."""
    file = folder / "annotations.xml"
    return in_file(file) if is_file(file) else None


def voc_without_lists(folder: Path) -> DetectedSource | None:
    """A folder of VOC's XML files without lists of splits."""
    if next(xml_below(folder), None) is None:
        return None
    return DetectedSource("voc", folder, has_splits=bool(split_folders(folder)))


def table_folder(folder: Path) -> DetectedSource | None:
    """Tables of boxes, beside the images or in a folder per split."""
    own = box_tables(folder)
    if own:
        return DetectedSource("boxes", folder, files={file.stem: file for file in own})
    inside = {split: box_tables(folder / split) for split in USUAL_SPLITS}
    files = {split: tables[0] for split, tables in inside.items() if len(tables) == 1}
    return DetectedSource("boxes", folder, files=files) if files else None


def object_mask_folder(folder: Path) -> DetectedSource | None:
    """One mask for each object, in one folder or a folder per split."""
    if is_object_masks(folder):
        return DetectedSource("object_masks", folder)
    inside = [split for split in USUAL_SPLITS if is_object_masks(folder / split)]
    return DetectedSource("object_masks", folder, has_splits=True) if inside else None


def box_tables(folder: Path) -> list[Path]:
    """The visible tables of boxes in a folder."""
    return [file for name in entries(folder) if not is_hidden([name]) and is_box_table(file := folder / name)]


def nothing_known(folder: Path) -> str:
    """The error for a folder without a known format, which says what it seems to be."""
    below = files_below(folder, (*SUFFIXES, ".txt"))
    images = [path for path in below.files if path.suffix.lower() in SUFFIXES]
    texts = [path for path in below.files if path.suffix.lower() == ".txt"]
    if images and texts:
        return (
            f"{folder} holds images and text files but no data.yaml; if they are YOLO's labels, write one with "
            "names: [a, b] and train: images/train, and name it"
        )
    names = {part.lower() for path in images for part in path.relative_to(folder.parent).parts}
    if images and (names.intersection(MASK_FOLDERS) or all(path.suffix.lower() == ".png" for path in images)):
        return (
            f"{folder} holds images and no boxes; masks say the class of each pixel but not where one object ends "
            f"and the next begins, so boxes cannot be made of them; {NAME_FILE_OR_FOLDER}"
        )
    held = (
        f"holds {quantity(len(images), 'image')} but no annotations"
        if images
        else "holds no annotations that are known"
    )
    return f"{folder} {held}; {NAME_FILE_OR_FOLDER}"


def split_names(source: DetectedSource) -> list[str]:
    """The splits of a source; raises DataError if it has none."""
    with refusing_unreadable():
        names = named_splits(source)
    if not names:
        raise DataError(
            f"{source.path} has no splits; expected ImageSets/Main/train.txt, or train: in a data.yaml"
        )
    return names


def named_splits(source: DetectedSource) -> list[str]:
    """The names of the splits of a source."""
    names: list[str] = list(source.files)
    if source.format == "voc" and source.has_splits:
        names = voc_splits(source.path) or split_folders(source.path)
    elif source.format == "yolo":
        names = list(read_yolo_file(source.path).splits)
    elif source.format == "cvat" and source.has_splits:
        names = subsets_of(read_xml(source.path))
    elif source.format == "labelme" and source.has_splits:
        names = [name for name in USUAL_SPLITS if is_labelme_below(source.path / name)]
    elif source.format == "object_masks" and source.has_splits:
        names = [name for name in USUAL_SPLITS if is_object_masks(source.path / name)]
    elif not names:
        names = [ALL]
    return names
