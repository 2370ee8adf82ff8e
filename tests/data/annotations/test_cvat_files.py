import numpy as np
import pytest

from image_sets import cvat, save_image, voc, voc_object
from jumok.data.annotations.cvat.reading import read_cvat
from jumok.data.annotations.segmentation import RunLengths, covered

POINTS = "4,5;20,5;20,30"


def only_fault(file, **options):
    (fault,) = read_cvat(file, **options).faults
    return fault


def marked(file):
    data = read_cvat(file)
    assert data.faults == ()
    return data.images[0].annotations


def test_boxes_and_outlines(tmp_path):
    file = cvat(
        tmp_path,
        '<box label="cat" xtl="4" ytl="5" xbr="20.5" ybr="30" occluded="1"><attribute name="x">1</attribute></box>',
        f'<polygon label="dog" points="{POINTS}"/>',
        '<ellipse label="dog" cx="30" cy="20" rx="8" ry="4"/>',
        '<ellipse label="dog" cx="30" cy="20" rx="8" ry="4" rotation="90"/>',
        '<box label="cat" xtl="20" ytl="10" xbr="40" ybr="20" rotation="90"/>',
    )
    box, outline, ellipse, upright, turned = marked(file)
    assert box.box == (4, 5, 20.5, 30) and box.occluded and box.segmentation is None
    assert outline.box == (4, 5, 20, 30) and outline.segmentation == ((4, 5, 20, 5, 20, 30),)
    assert ellipse.box == (22, 16, 38, 24) and upright.box == pytest.approx((26, 12, 34, 28))
    assert covered(ellipse.segmentation, 64, 48).sum() == pytest.approx(np.pi * 32, rel=0.05)
    assert turned.box == pytest.approx((25, 5, 35, 25)) and turned.segmentation
    data = read_cvat(tmp_path)
    assert data.names == ("dog", "cat") and [one.place.line for one in data.images[0].annotations] == [
        *range(4, 9)
    ]
    assert data.images[0].size == (64, 48) and data.images[0].path == tmp_path / "images" / "a.png"


def test_painted_masks(tmp_path):
    file = cvat(tmp_path, '<mask label="cat" rle="1, 2, 1, 2" left="10" top="20" width="3" height="2"/>')
    (one,) = marked(file)
    mask = covered(one.segmentation, 64, 48)
    assert isinstance(one.segmentation, RunLengths) and mask.sum() == 4
    assert mask[20].nonzero()[0].tolist() == mask[21].nonzero()[0].tolist() == [11, 12]
    assert one.box == (11, 20, 13, 22)


def test_shapes_of_a_group_are_one_object(tmp_path):
    shape = f'<polygon label="cat" points="{POINTS}" group_id="{{}}"/>'
    assert [len(one.segmentation) for one in marked(cvat(tmp_path, *map(shape.format, (1, 1, 0, 0))))] == [
        2,
        1,
        1,
    ]


def test_what_has_no_area_is_told(tmp_path):
    data = read_cvat(
        cvat(tmp_path, '<points label="cat" points="1,2"/>', '<tag label="dog"/>', '<tag label="dog"/>')
    )
    assert data.faults == () and data.dropped_fields == {"point": 1, "tag": 2}
    assert [remark.problem.split(": ")[1] for remark in data.remarks] == ["1 point", "2 tags"]


def test_labels_without_a_list_are_sorted(tmp_path):
    assert read_cvat(cvat(tmp_path, labels=())).names == ("cat",)
    assert read_cvat(tmp_path, classes=("bird", "cat")).names == ("bird", "cat")


def test_subsets_are_splits(tmp_path):
    file = cvat(tmp_path, more=' subset="Train"')
    assert len(read_cvat(file, split="train").images) == len(read_cvat(file).images) == 1
    assert "has no subset 'trian'; did you mean 'Train'?" in str(only_fault(file, split="trian"))
    (tmp_path / "images" / "a.png").unlink()
    save_image(tmp_path / "images" / "Train" / "a.png")
    assert read_cvat(file).images[0].path == tmp_path / "images" / "Train" / "a.png"


FAULTY = {
    "box: xbr is no, expected a number": '<box label="a" xtl="1" ytl="2" xbr="no" ybr="3"/>',
    "box: ytl is missing, expected": '<box label="a" xtl="1"/>',
    "box: has no label": '<box xtl="1" ytl="2" xbr="3" ybr="3"/>',
    "polygon: points are '1,2;3', expected x,y;x,y;x,y…": '<polygon label="a" points="1,2;3"/>',
    "mask: its rle does not fill its width": '<mask label="a" rle="1,1" left="0" top="0" width="3" height="3"/>',
    "mask: its rle does": '<mask label="a" rle="x" left="0" top="0" width="1" height="1"/>',
    "mask: 1000000 × 1000000 pixels are more than 100 million": (
        '<mask label="a" rle="999999999999,1" left="0" top="0" width="1000000" height="1000000"/>'
    ),
    "mask: has no pixel in the image": '<mask label="a" rle="0,1" left="99" top="0" width="1" height="1"/>',
}


@pytest.mark.parametrize("sentence", FAULTY)
def test_faulty_shapes_are_named_with_their_line(tmp_path, sentence):
    assert str(only_fault(cvat(tmp_path, FAULTY[sentence]))).startswith(
        f"{tmp_path / 'annotations.xml'}:4: {sentence}"
    )


def test_other_xml_is_told(tmp_path):
    voc(tmp_path / "v", voc_object("dog", 1, 1, 9, 9))
    assert "name the folder of such files under voc:" in str(
        only_fault(tmp_path / "v" / "Annotations" / "a.xml")
    )
    file = tmp_path / "video.xml"
    file.write_text('<annotations>\n<track id="0" label="cat"><box frame="0"/></track></annotations>')
    assert "is CVAT's format for videos" in str(only_fault(file)) and only_fault(file).line == 2
    assert only_fault(tmp_path / "no.xml").kind == "missing_file"


def test_an_image_that_stands_twice(tmp_path):
    file = cvat(tmp_path)
    text = file.read_text()
    start, end = text.index("<image"), text.index("</annotations>")
    file.write_text(text[:end] + text[start:end] + text[end:])
    fault = only_fault(file)
    assert fault.kind == "duplicate_image" and "is already in line 3" in str(fault)


def test_attributes_of_flags_are_read_and_others_are_counted(tmp_path):
    place = 'label="cat" xtl="4" ytl="5" xbr="20" ybr="30"'
    flags = '<attribute name="difficult">true</attribute><attribute name="crowd">false</attribute>'
    color = '<attribute name="color">red</attribute><attribute name="note"></attribute>'
    data = read_cvat(cvat(tmp_path, f'<box {place} z_order="2">{flags}{color}</box>'))
    (one,) = data.images[0].annotations
    assert one.difficult and not one.crowd and data.faults == () and data.remarks == ()
    counted = {what: count for what, count in data.dropped_fields.items() if count}
    assert counted == {"attribute color": 1, "z_order": 1}


def test_images_of_one_subset_are_named_without_its_folder(tmp_path):
    file = cvat(tmp_path, more=' subset="Train"')
    save_image(tmp_path / "images" / "Train" / "a.png")
    (tmp_path / "images" / "a.png").unlink()
    assert [one.name for one in read_cvat(file, split="train").images] == ["a.png"]
    assert [one.name for one in read_cvat(file, split="Train").images] == ["a.png"]
    assert [one.name for one in read_cvat(file).images] == ["Train/a.png"]
