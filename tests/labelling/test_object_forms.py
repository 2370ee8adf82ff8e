"""YOLO and VOC as other programs write them, and folders of photos that become a data set."""

from pathlib import Path

import pytest
from PIL import Image

from jumok.data.annotations.documents.located_xml import parse_xml
from jumok.data.annotations.voc.reading import read_voc
from jumok.data.annotations.yolo.reading import read_yolo
from jumok.errors import ConfigurationError, DataError
from jumok.experiment.found import find_data
from jumok.experiment.sources import SourceOptions
from jumok.labelling.coco.store import CocoStore
from jumok.labelling.folders.folder_store import FolderStore
from jumok.labelling.folders.voc_store import VocFormat
from jumok.labelling.folders.yolo_store import YoloFormat
from jumok.labelling.objects.spans import ObjectSpans
from jumok.labelling.opening import open_folder
from jumok.labelling.opening_objects import open_object_source
from label_files import by_name, file_bytes, make_coco, make_images, make_voc, make_yolo

NEW = {"class": "dog", "box": [1, 2, 11, 22.5], "polygons": [[1, 2, 11, 2, 11, 22.5]], "occluded": True}


def test_images_of_other_splits_are_not_shown(tmp_path: Path):
    make_coco(tmp_path)
    other = tmp_path / "images" / "d.png"
    assert [one.key for one in CocoStore(tmp_path / "set.json", excluded=[other]).items()][-1] == "c.png"
    make_voc(tmp_path / "voc")
    other = tmp_path / "voc" / "JPEGImages" / "d.png"
    assert len(FolderStore(VocFormat(tmp_path / "voc", "train", excluded=[other])).items()) == 3


def test_boxes_are_those_of_the_image_as_it_is_shown(tmp_path: Path):
    turned = Image.new("RGB", (64, 48))
    exif = turned.getexif()
    exif[0x0112] = 6  # turned by a quarter when shown
    for format in ("coco", "yolo", "voc"):
        folder = tmp_path / format
        folder.mkdir()
        turned.save(folder / "a.jpg", exif=exif)
        store = open_folder(folder, "boxes", ("dog",), format).store
        with pytest.raises(DataError, match="beyond the image .48 × 64."):
            store.write("a.jpg", "", {"objects": [{"class": "dog", "box": [0, 0, 60, 40]}]})
        store.write("a.jpg", "", {"objects": [{"class": "dog", "box": [0, 0, 40, 60]}]})
        data = SourceOptions(**find_data(folder).splits["train"]).read()
        assert data.images[0].known_size() == (48, 64) and data.images[0].annotations[0].box == (0, 0, 40, 60)
        assert not data.faults and not data.remarks


@pytest.mark.parametrize("format", ["coco", "yolo", "voc"])
@pytest.mark.parametrize("below", ["", "images", "photos/day"])
def test_a_folder_of_photos_becomes_a_data_set_that_is_recognized(tmp_path: Path, format: str, below: str):
    make_images(tmp_path / below)
    store = open_folder(tmp_path, "boxes", (), format).store
    keys = [item.key for item in store.items()]
    assert {item.state for item in store.items()} == {"unlabelled"} and not file_bytes(tmp_path)
    store.add_class("dog")
    store.write(keys[0], "", {"objects": [{"class": "dog", "box": [1, 2, 30, 40]}]})
    store.write(keys[1], "", {"objects": []})
    source = SourceOptions(**find_data(tmp_path).splits["train"])
    data = source.read()
    assert source.format == format and data.names == ("dog",) and not data.faults
    assert [one.box for image in data.images for one in image.annotations] == [(1, 2, 30, 40)]
    again = open_folder(tmp_path, "boxes", (), None).store
    assert sorted((one.key, one.state) for one in again.items()) == sorted(
        (o.key, o.state) for o in store.items()
    )
    assert again.read(keys[0]).marks == store.read(keys[0]).marks and again.format == format
    assert open_object_source(source).read(keys[1]).state == "empty"


def test_a_folder_with_other_annotations_is_not_written_beside(tmp_path: Path):
    make_yolo(tmp_path)
    with pytest.raises(ConfigurationError, match="holds yolo already"):
        open_folder(tmp_path, "boxes", (), "coco")
    store = open_folder(tmp_path, "boxes", ("dog", "fish"), None).store
    assert store.classes() == ("cat", "dog", "bird", "fish")


NAMES = {
    "names: [cat, dog, bird] # three\n": "names: [cat, dog, bird, 'no'] # three\n",
    "names:\n- cat\n- dog  # second\n- bird # third\n# end\nnc: 3\n": (
        "names:\n- cat\n- dog  # second\n- bird # third\n- 'no'\n# end\nnc: 4\n"
    ),
    "nc: 3\r\nnames:\r\n    0: cat\r\n    1: dog\r\n    2: 'bird'\r\n\r\n": (
        "nc: 4\r\nnames:\r\n    0: cat\r\n    1: dog\r\n    2: 'bird'\r\n    3: 'no'\r\n\r\n"
    ),
    "names: {0: cat,\n 1: dog, 2: bird}": "names: {0: cat,\n 1: dog, 2: bird, 3: 'no'}",
    "names:\n  - cat\n  -   dog\n  -   bird": "names:\n  - cat\n  -   dog\n  -   bird\n  -   'no'",
}


@pytest.mark.parametrize("text", NAMES)
def test_a_class_is_added_to_a_data_yaml_as_its_names_are_written(tmp_path: Path, text: str):
    make_yolo(tmp_path)
    file = tmp_path / "data.yaml"
    file.write_bytes(f"\ufeff# ours\ntrain: images/train\n{text}".encode())
    store = FolderStore(YoloFormat(file, "train"))
    assert store.add_class("no") == ("cat", "dog", "bird", "no")
    assert file.read_bytes() == f"\ufeff# ours\ntrain: images/train\n{NAMES[text]}".encode()
    assert read_yolo(file, "train").names == ("cat", "dog", "bird", "no")


def test_a_class_is_added_to_the_names_of_darknet(tmp_path: Path):
    make_yolo(tmp_path)
    images = sorted((tmp_path / "images" / "train").iterdir())
    (tmp_path / "train.txt").write_text("".join(f"images/train/{image.name}\n" for image in images))
    (tmp_path / "obj.names").write_text("cat\ndog\nbird")
    file = tmp_path / "obj.data"
    file.write_text("classes = 3\ntrain = train.txt\nnames = obj.names\n")
    store = FolderStore(YoloFormat(file, "train"))
    assert store.add_class("fish") == ("cat", "dog", "bird", "fish")
    assert (tmp_path / "obj.names").read_text() == "cat\ndog\nbird\nfish\n"
    store.write("train/d.png" if store.items()[0].key.startswith("train/") else "d.png", "", {"objects": []})
    assert (tmp_path / "labels" / "train" / "d.txt").read_bytes() == b""


def test_yolo_outlines_and_boxes_are_not_mixed(tmp_path: Path):
    make_yolo(tmp_path)
    boxes = FolderStore(YoloFormat(tmp_path / "data.yaml", "train"))
    assert not boxes.outlines
    with pytest.raises(DataError, match="files of YOLO with boxes have no place for outlines"):
        boxes.write("d.png", "", {"objects": [NEW | {"occluded": False}]})
    with pytest.raises(DataError, match="files of YOLO have no place for occluded"):
        boxes.write("d.png", "", {"objects": [NEW]})
    for file in (tmp_path / "labels" / "train").iterdir():
        file.write_text("1 0.1 0.1 0.5 0.1 0.5 0.5\n")
    outlines = FolderStore(YoloFormat(tmp_path / "data.yaml", "train"))
    assert outlines.outlines
    two = [[1, 2, 11, 2, 11, 22.5], [20, 20, 30, 20, 30, 30]]
    objects = [
        {"class": "dog", "box": [0, 0, 16, 12]},
        {"class": "cat", "box": [1, 2, 30, 30], "polygons": two},
    ]
    written = outlines.write("d.png", "", {"objects": objects})
    lines = (tmp_path / "labels" / "train" / "d.txt").read_text().splitlines()
    assert list(map(float, lines[0].split())) == [1, 0, 0, 0.25, 0, 0.25, 0.25, 0, 0.25]
    assert outlines.write("d.png", written.version, written.marks).version == written.version
    assert [one.box for one in by_name(read_yolo(tmp_path / "data.yaml", "train"))["d.png"].annotations] == [
        (0, 0, 16, 12),
        (1, 2, 30, 30),
    ]


def test_images_that_share_a_label_file_are_not_written(tmp_path: Path):
    make_yolo(tmp_path)
    Image.new("RGB", (9, 9)).save(tmp_path / "images" / "train" / "d.jpg")
    store = FolderStore(YoloFormat(tmp_path / "data.yaml", "train"))
    with pytest.raises(DataError, match="d.jpg and d.png share"):
        store.write("d.png", "", {"objects": []})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "iso-8859-1", "gb2312"])
def test_the_encoding_and_line_ends_of_xml_stay(tmp_path: Path, encoding: str):
    make_voc(tmp_path)
    file = tmp_path / "Annotations" / "a.xml"
    declared = encoding.removesuffix("-sig").removesuffix("-be")
    text = file.read_text().replace("?>", f" encoding='{declared}'?>").replace("\n", "\r\n")
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    file.write_bytes((mark + text).encode(encoding))
    before, store = file.read_bytes(), FolderStore(VocFormat(tmp_path, "train"))
    found = store.read("a.png")
    name = store.add_class("\uace0\uc591\uc774")[-1]
    objects = [*found.marks["objects"], {"class": name, "box": [1, 1, 9, 9]}]
    written = store.write("a.png", found.version, {"objects": objects})
    data = read_voc(tmp_path, "train")
    assert [one.name for one in by_name(data)["a.png"].annotations] == ["cat", "dog", "cat", name]
    made = file.read_bytes().decode(encoding)
    assert not data.faults and made.count("\r\n") == made.count("\n") > text.count("\n")
    store.write("a.png", written.version, found.marks)
    assert file.read_bytes() == before


def test_xml_on_one_line_stays_on_one_line(tmp_path: Path):
    make_voc(tmp_path)
    file = tmp_path / "Annotations" / "c.xml"
    file.write_text("<annotation><filename>c.png</filename><segmented/></annotation>")
    store = FolderStore(VocFormat(tmp_path, "train"))
    written = store.write(
        "c.png", store.read("c.png").version, {"objects": [{"class": "dog", "box": [0, 0, 9, 9]}]}
    )
    store.write(
        "c.png",
        written.version,
        {"objects": [*written.marks["objects"], {"class": "cat", "box": [1, 1, 9, 9], "truncated": True}]},
    )
    box = "<bndbox><xmin>{0}</xmin><ymin>{0}</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    flags = "<difficult>0</difficult><truncated>{}</truncated><occluded>0</occluded>"
    expected = "".join(
        f"<object><name>{name}</name><pose>Unspecified</pose>{flags.format(cut)}{box.format(edge)}</object>"
        for name, cut, edge in (("dog", 0, 1), ("cat", 1, 2))
    )
    assert file.read_text() == f"<annotation><filename>c.png</filename><segmented/>{expected}</annotation>"


def test_classes_that_an_experiment_names_are_all(tmp_path: Path):
    make_voc(tmp_path)
    store = open_object_source(SourceOptions(voc=tmp_path, split="train", classes=("cat", "dog")))
    with pytest.raises(DataError, match="add 'fish' under classes: first"):
        store.add_class("fish")
    assert store.classes() == ("cat", "dog") == store.add_class("cat")
    with pytest.raises(DataError, match="files of VOC have no place for outlines"):
        store.write("d.png", "", {"objects": [NEW]})


ODD_OBJECTS = """<?xml version="1.0"?><!-- <object> -->
<annotation a="x>y"><object id='1>' ><name><![CDATA[dog]]></name><part><name>ear</name><object/></part>
<name>cat</name></object>a<object/><object
>
<bndbox/><name> h\u00e9 &amp; b </name ></object >
<source><object><name>x</name></object></source><!-- > --></annotation >
"""


def test_objects_of_odd_xml_are_found_where_they_stand():
    data = ODD_OBJECTS.encode()
    spans, root = ObjectSpans(data), parse_xml(Path("odd.xml"), ODD_OBJECTS)
    texts = [data[one.start : one.end].decode() for one in spans.found]
    objects = [child for child in root.children if child.tag == "object"]
    assert spans.is_voc and len(texts) == len(objects) == 3 and texts[1] == "<object/>"
    for text, span, element in zip(texts, spans.found, objects, strict=True):
        found = parse_xml(Path("one.xml"), text)
        assert [child.tag for child in found.children] == [child.tag for child in element.children]
        assert span.name == element.find_text("name") and text.startswith("<object") and text.endswith(">")
    for wrong in ("<annotation/>", "<a></a>", "<annotation>", "<!DOCTYPE a []><annotation></annotation>"):
        assert not ObjectSpans(wrong.encode()).is_voc


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("<annotation>\n<object>", "a.xml:2: is not valid XML"),
        ("<a></a>", "begins with <a>, expected <annotation>"),
        ("<!DOCTYPE a []><annotation></annotation>", "a DOCTYPE is not allowed"),
    ],
)
def test_faulty_xml_is_told_and_never_written(tmp_path: Path, text: str, message: str):
    make_voc(tmp_path)
    file = tmp_path / "Annotations" / "a.xml"
    file.write_text(text)
    store = FolderStore(VocFormat(tmp_path, "train"))
    found = store.read("a.png")
    assert message in found.problems[0] and store.items()[0].state == "labelled"
    with pytest.raises(DataError, match=message):
        store.write("a.png", found.version, {"objects": []})
    assert file.read_text() == text
