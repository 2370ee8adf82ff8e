import shutil
import unicodedata

import pytest

from image_sets import save_image, voc, voc_object
from jumok.data.annotations.voc.reading import read_voc
from jumok.data.annotations.voc.writing import voc_text, write_voc

DOG = voc_object("dog", 1, 1, 64, 48)


def only_fault(folder, split="train"):
    (fault,) = read_voc(folder, split).faults
    return fault


def test_pixels_are_counted_from_one_and_both_ends_belong_to_the_box(tmp_path):
    objects = DOG + voc_object("cat", 3, 4, 3, 4) + voc_object("cat", 10.5, 4, 12, 8.25)
    data = read_voc(voc(tmp_path, objects), "train")
    whole, point, fine = data.images[0].annotations
    assert whole.box == (0, 0, 64, 48) and point.box == (2, 3, 3, 4) and fine.box == (9.5, 3, 12, 8.25)
    assert data.names == ("cat", "dog") and data.faults == ()
    assert data.images[0].size == (64, 48) and whole.place == (str(tmp_path / "Annotations" / "a.xml"), 4)


def test_flags_and_what_is_not_kept(tmp_path):
    flags = "<difficult>1</difficult><truncated>0</truncated><occluded>1</occluded><pose>Left</pose>"
    data = read_voc(voc(tmp_path, voc_object("dog", 1, 2, 3, 4, flags=flags + "<part>x</part>")), "train")
    (one,) = data.images[0].annotations
    assert one.difficult and one.occluded and not one.truncated and not one.crowd
    assert data.dropped_fields == {"part": 1, "pose": 1}


def test_classes_may_be_given(tmp_path):
    assert read_voc(voc(tmp_path, DOG), "train", ("bird", "dog")).names == ("bird", "dog")


def test_the_image_is_the_one_of_the_annotations_name(tmp_path):
    voc(tmp_path, DOG.replace("dog", "x"), name="night/b")
    assert read_voc(tmp_path, "train").images[0].name == "night/b.png"


def test_size_of_nothing_is_no_size(tmp_path):
    assert read_voc(voc(tmp_path, DOG, size=(0, 0)), "train").images[0].size is None


@pytest.fixture(autouse=True)
def folders(tmp_path):
    (tmp_path / "Annotations" / "night").mkdir(parents=True)


FAULTY = {
    ":5: xmax of 'dog' is no, expected a number": DOG + "\n" + voc_object("dog", 1, 2, "no", 4),
    ":4: ymin of 'dog' is missing, expected": voc_object("dog", 1, "", 3, 4),
    ":4: xmin of 'dog' is nan, expected": voc_object("dog", "nan", 1, 3, 4),
    ":5: the object has no name": "\n<object><bndbox/></object>",
    ":4: the object has no bndbox": "<object><name>dog</name></object>",
    ":5: is not valid XML (mismatched tag)": "<object>\n</bndbox>",
    ":4: is not valid XML (undefined entity)": "<object><name>&x;</name></object>",
}


@pytest.mark.parametrize("sentence", FAULTY)
def test_faults_have_their_line(tmp_path, sentence):
    fault = only_fault(voc(tmp_path, FAULTY[sentence]))
    assert str(fault).startswith(f"{tmp_path / 'Annotations' / 'a.xml'}{sentence}")


def test_a_doctype_is_refused(tmp_path):
    voc(tmp_path, DOG)
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]>\n<annotation>&a;</annotation>'
    (tmp_path / "Annotations" / "a.xml").write_text(bomb)
    assert "a DOCTYPE is not allowed" in str(only_fault(tmp_path)) and only_fault(tmp_path).line == 1


def test_what_is_missing_is_named(tmp_path):
    assert "does not exist" in str(only_fault(tmp_path / "nothing"))
    (tmp_path / "empty").mkdir()
    assert "is not a Pascal VOC folder" in str(only_fault(tmp_path / "empty"))
    voc(tmp_path, DOG)
    assert "has no list tain.txt; did you mean 'train'?" in str(only_fault(tmp_path, "tain"))
    with (tmp_path / "ImageSets" / "Main" / "train.txt").open("a") as lists:
        lists.write("\nb\na\n")
    data = read_voc(tmp_path, "train")
    assert [fault.line for fault in data.faults] == [3, 4]
    assert "lists 'b', but" in str(data.faults[0]) and "is already in line 1" in str(data.faults[1])


def test_what_is_written_is_read_again(tmp_path):
    flags = "<difficult>1</difficult><truncated>1</truncated>"
    data = read_voc(voc(tmp_path, voc_object("d&lt;g", 1, 2.5, 3, 4, flags=flags) + DOG), "train")
    write_voc(data, tmp_path / "new", "train")
    save_image(tmp_path / "new" / "JPEGImages" / "a.png")
    again = read_voc(tmp_path / "new", "train")
    assert voc_text(again.images[0]) == voc_text(data.images[0]) and again.names == ("d<g", "dog")


def pairs(folder, images="{}", annotations="{}", names=("a", "b")):
    """Images and XML files without lists, in one folder or two."""
    voc(folder / "made", "")
    for seed, name in enumerate(names):
        voc(folder / "made", DOG + voc_object("cat", 5, 5, 20, 20), name, f"x{seed}")
        for source, target in (
            (f"JPEGImages/{name}.png", images.format(name) + ".PNG"),
            (f"Annotations/{name}.xml", annotations.format(name) + ".xml"),
        ):
            (folder / target).parent.mkdir(parents=True, exist_ok=True)
            (folder / "made" / source).rename(folder / target)
    shutil.rmtree(folder / "made")


LAYOUTS = {
    "side by side": ("{}", "{}", "", None, None),
    "a folder each": ("images/{}", "annotations/{}", "", None, None),
    "VOC's folders": ("JPEGImages/{}", "Annotations/{}", "", None, None),
    "two folders apart": ("photos/{}", "boxes/{}", "boxes", "photos", None),
    "splits as Roboflow has them": ("train/{}", "train/{}", "", None, "train"),
    "valid for val": ("valid/{}", "valid/{}", "", None, "val"),
    "the folder of a split": ("train/{}", "train/{}", "train", None, "train"),
    "splits in two folders": ("images/train/{}", "annotations/train/{}", "", None, "train"),
    "folders in folders": ("d/e/{}", "d/e/{}", "", None, None),
    "the folder of XML files": ("images/{}", "Annotations/{}", "Annotations", None, None),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_images_and_xml_without_lists(tmp_path, layout):
    images, annotations, folder, given, split = LAYOUTS[layout]
    root = tmp_path / "r"
    pairs(root, images, annotations)
    data = read_voc(root / folder, split, images=None if given is None else root / given)
    assert data.faults == () and data.remarks == () and data.names == ("cat", "dog")
    assert [(image.path.stem, len(image.annotations)) for image in data.images] == [
        ("a", 2),
        ("b", 2),
    ]
    assert all(image.path.is_file() for image in data.images)


def test_images_that_nobody_annotated_are_told(tmp_path):
    pairs(tmp_path / "r")
    save_image(tmp_path / "r" / "c.jpg")
    data = read_voc(tmp_path / "r", None)
    assert len(data.images) == 2 and "1 image without an XML file left out" in str(data.remarks[0])


def test_lists_that_are_not_there(tmp_path):
    pairs(tmp_path / "r")
    assert "remove split:" in str(only_fault(tmp_path / "r", "train"))
    voc(tmp_path / "v", DOG)
    assert "say which one, like split: train" in str(only_fault(tmp_path / "v", None))


@pytest.mark.parametrize("stated", ["a.jpg", "A.JPG", "", "C:\\data\\a.jpg", "/home/x/a.bmp", "other.jpg"])
@pytest.mark.parametrize("on_disk", ["a.JPG", "A.PNG", "a.jpeg"])
def test_an_image_is_found_whatever_its_suffix_and_case(tmp_path, stated, on_disk):
    voc(tmp_path, DOG)
    xml = tmp_path / "Annotations" / "a.xml"
    xml.write_text(xml.read_text().replace("a.png", stated))
    (tmp_path / "JPEGImages" / "a.png").rename(tmp_path / "JPEGImages" / on_disk)
    data = read_voc(tmp_path, "train")
    assert data.images[0].path == tmp_path / "JPEGImages" / on_disk and data.images[0].path.is_file()


def test_the_stated_name_counts_where_the_files_own_is_nowhere(tmp_path):
    voc(tmp_path, DOG)
    xml = tmp_path / "Annotations" / "a.xml"
    xml.write_text(xml.read_text().replace("a.png", "photo.jpg"))
    (tmp_path / "JPEGImages" / "a.png").rename(tmp_path / "JPEGImages" / "photo.PNG")
    assert read_voc(tmp_path, "train").images[0].name == "photo.PNG"


KOREAN = "\uac1c"


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-16", "euc-kr", "cp949", "ks_c_5601-1987", "gb2312", "shift_jis", "big5", "utf-8-sig"],
)
def test_xml_in_any_encoding_that_it_declares(tmp_path, encoding):
    name = KOREAN if encoding not in ("gb2312", "shift_jis", "big5") else "\u72ac"
    voc(tmp_path, voc_object(name, 1, 1, 9, 9))
    xml = tmp_path / "Annotations" / "a.xml"
    declared = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{declared}"?>\n' + xml.read_text(encoding="utf-8")
    xml.write_bytes(text.encode(encoding))
    assert read_voc(tmp_path, "train").names == (name,)


@pytest.mark.parametrize(
    ("head", "body", "sentence"),
    [
        (b"", KOREAN.encode("cp949"), ":4: is not valid UTF-8 (byte 0xb0); save the file as UTF-8"),
        (b'<?xml version="1.0" encoding="euc-kr"?>', b"\xff", ":4: is not valid EUC-KR (byte 0xff)"),
        (b'<?xml version="1.0" encoding="klingon"?>', b"x", ":1: is declared to be in 'klingon'"),
        (b'<?xml version="1.0" encoding="base64"?>', b"x", ":1: is declared to be in 'base64'"),
        (b"", b"a & b", ":4: is not valid XML (not well-formed (invalid token)); write & as &amp;"),
    ],
)
def test_encodings_that_cannot_be_are_told(tmp_path, head, body, sentence):
    voc(tmp_path, voc_object("NAME", 1, 1, 9, 9))
    xml = tmp_path / "Annotations" / "a.xml"
    xml.write_bytes(head + xml.read_bytes().replace(b"NAME", body))
    assert str(only_fault(tmp_path)).startswith(f"{xml}{sentence}")


def test_one_class_in_two_forms_of_unicode(tmp_path):
    forms = [unicodedata.normalize(form, "\uace0\uc591\uc774") for form in ("NFC", "NFD")]
    voc(tmp_path, "".join(voc_object(name, 1, 1, 9, 9) for name in forms))
    assert read_voc(tmp_path, "train").names == (forms[0],)
    assert read_voc(tmp_path, "train", (forms[1],)).names == (forms[0],)


def test_sizes_as_tools_write_them(tmp_path):
    assert read_voc(voc(tmp_path, DOG, size=("64.0", "48.0")), "train").images[0].size == (64, 48)


def test_one_empty_file_does_not_condemn_the_others(tmp_path):
    voc(tmp_path, DOG)
    voc(tmp_path, DOG, "b")
    (tmp_path / "Annotations" / "b.xml").write_text("")
    assert (only_fault(tmp_path).kind, len(read_voc(tmp_path, "train").images)) == ("bad_xml", 1)
    (tmp_path / "Annotations" / "b.xml").unlink()
    assert (only_fault(tmp_path).kind, only_fault(tmp_path).line) == ("missing_labels", 2)
