"""What goes from one format to another and back comes back equal."""

from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings

from image_sets import annotated_sets, coco, save_image, voc, voc_object
from jumok.data.annotations.annotated import AnnotatedSet
from jumok.data.annotations.splits.lossy import losses_in, losses_sentence
from jumok.data.annotations.splits.reading import read_splits, unify_classes
from jumok.data.annotations.splits.writing import write_splits, yolo_names
from jumok.errors import DataError

COUNTER = count()


def with_images(data: AnnotatedSet, folder: Path) -> AnnotatedSet:
    """The set with an image file of the stated size for each image."""
    images = []
    for image in data.images:
        path = folder / image.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bitmap_header(*image.size))
        images.append(replace(image, path=path))
    return replace(data, images=tuple(images))


def bitmap_header(width: int, height: int) -> bytes:
    """As much of a BMP as says its size."""
    fields = ((54, 4), (0, 4), (54, 4), (40, 4), (width, 4), (height, 4), (1, 2), (24, 2), (0, 24))
    return b"BM" + b"".join(value.to_bytes(length, "little") for value, length in fields)


def essence(data: AnnotatedSet, flags: bool) -> list[object]:
    """Images with what every box format can say, and the flags that VOC and COCO can."""
    return [
        (
            image.name,
            [
                (one.box, one.name, one.segmentation, *((one.difficult, one.truncated) if flags else ()))
                for one in image.annotations
            ],
        )
        for image in data.images
    ]


def through(data: AnnotatedSet, folder: Path, kind: str) -> AnnotatedSet:
    """The set after it was written in a format and read again."""
    target = folder / f"{kind}{next(COUNTER)}"
    write_splits({"train": data}, target, kind, "copy")
    (again,) = read_splits(target, None, ["train"]).values()
    assert again.faults == ()
    return again


FORMATS = ("coco", "voc", "yolo", "labelme", "cvat", "labelstudio")


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=30)
@given(data=annotated_sets())
def test_every_format_gives_back_what_it_was_given(tmp_path_factory, kind, data):
    folder = tmp_path_factory.mktemp("trip")
    data = with_images(data, folder)
    flags = kind != "yolo"
    assert essence(through(data, folder, kind), flags) == essence(data, flags)


@pytest.mark.parametrize("first", FORMATS)
@pytest.mark.parametrize("second", FORMATS)
@settings(max_examples=10)
@given(data=annotated_sets())
def test_any_two_formats_one_after_the_other(tmp_path_factory, first, second, data):
    folder = tmp_path_factory.mktemp("trip")
    data = with_images(data, folder)
    flags = "yolo" not in (first, second)
    assert essence(through(through(data, folder, first), folder, second), flags) == essence(data, flags)


@pytest.mark.parametrize("kind", ["coco", "yolo", "labelme", "cvat", "labelstudio"])
@settings(max_examples=20)
@given(data=annotated_sets(outlines=True))
def test_outlines_come_back(tmp_path_factory, kind, data):
    folder = tmp_path_factory.mktemp("trip")
    data = with_images(data, folder)
    assert essence(through(data, folder, kind), False) == essence(data, False)


def test_coco_keeps_ids_flags_groups_and_run_lengths(tmp_path):
    runs = {"size": [48, 64], "counts": "PP4XPo2"}
    objects = [
        {"id": 5, "image_id": 90, "category_id": 18, "bbox": [1, 2, 3, 4], "attributes": {"occluded": True}},
        {"id": 11, "image_id": 90, "category_id": 3, "bbox": [1, 2, 3, 4], "iscrowd": 1, "area": 77.5},
        {"id": 12, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4], "segmentation": runs},
    ]
    runs["counts"] = [3000, 10, 62]
    (data,) = read_splits(coco(tmp_path, annotations=objects)).values()
    again = through(data, tmp_path, "coco")
    unplaced = [
        [
            replace(one, place=None, area=one.area or 10 if one.segmentation else one.area or 12)
            for one in p.annotations
        ]
        for p in data.images
    ]
    assert [[replace(one, place=None) for one in p.annotations] for p in again.images] == unplaced
    assert again.classes == data.classes and [p.id for p in again.images] == [7, 90]


def test_what_a_format_cannot_say_is_counted(tmp_path):
    outline = [[1, 2, 4, 2, 4, 6], [5, 5, 9, 5, 9, 9]]
    objects = [
        {"id": 5, "image_id": 90, "category_id": 18, "bbox": [1, 2, 3, 4], "keypoints": [1, 2, 3]},
        {
            "id": 9,
            "image_id": 90,
            "category_id": 3,
            "bbox": [1, 2, 3, 4],
            "iscrowd": 1,
            "segmentation": outline,
        },
    ]
    splits = read_splits(coco(tmp_path, annotations=objects))
    assert losses_in(splits, "coco") == {"keypoints": 1}
    common = {"keypoints": 1, "crowd flags": 1, "ids of images": 2, "ids of annotations": 2}
    common |= {"ids of classes": 2, "supercategories": 1}
    assert losses_in(splits, "voc") == {**common, "outlines": 1}
    assert losses_in(splits, "yolo") == {
        **common,
        "outlines in several parts (joined by a line)": 1,
        "boxes that are not the bounds of their outline": 1,
    }
    told = losses_sentence(losses_in(splits, "yolo"), "yolo")
    assert told and told.startswith("YOLO cannot say, so these are left out: keypoints (1), crowd flags (1)")
    assert losses_sentence({}, "coco") is None


def test_voc_loses_unused_classes_and_their_order(tmp_path):
    (data,) = read_splits(
        coco(tmp_path, categories=[{"id": i, "name": n} for i, n in ((18, "z"), (3, "a"), (4, "b"))])
    ).values()
    lost = losses_in({"train": data}, "voc")
    assert lost["classes without objects"] == 1 and lost["the order of classes"] == 3


def test_splits_get_one_list_of_classes(tmp_path):
    voc(tmp_path, voc_object("dog", 1, 1, 3, 3), "a", "train")
    voc(tmp_path, voc_object("cat", 1, 1, 3, 3), "b", "val")
    voc(tmp_path, voc_object("cat", 1, 1, 3, 3), "b", "trainval")
    splits = unify_classes(read_splits(tmp_path))
    assert list(splits) == ["train", "val"]
    assert [data.names for data in splits.values()] == [("cat", "dog")] * 2


def test_two_images_of_one_name_are_refused(tmp_path):
    images = [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "a.jpg"}]
    splits = read_splits(coco(tmp_path, images=images, annotations=[]))
    save_image(tmp_path / "a.jpg")
    for kind in ("voc", "yolo"):
        with pytest.raises(DataError, match="would both be written as a"):
            write_splits(splits, tmp_path / "new", kind, "none")
        assert not (tmp_path / "new").exists() and not list(tmp_path.glob(".new*"))


def test_links_and_folders_that_are_taken(tmp_path):
    splits = read_splits(coco(tmp_path / "old"))
    write_splits(splits, tmp_path / "new", "yolo", "link")
    assert (tmp_path / "new" / "images" / "train" / "a.png").samefile(tmp_path / "old" / "a.png")
    with pytest.raises(DataError, match="is not empty"):
        write_splits(splits, tmp_path / "new", "voc", "none")


def test_yolo_gets_the_names_its_trainers_look_for():
    data = AnnotatedSet((), ())
    assert list(yolo_names({"instances_val2017": data, "Training": data})) == ["val", "train"]
    assert list(yolo_names({"x": data})) == ["train"]
    assert list(yolo_names({"train1": data, "train2": data})) == ["train1", "train2"]
