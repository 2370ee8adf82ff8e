import pytest

from jumok.data.annotations.voc import read_voc, voc_text, write_voc
from picture_sets import save_image, voc, voc_object

DOG = voc_object("dog", 1, 1, 64, 48)


def only_fault(folder, split="train"):
    (fault,) = read_voc(folder, split).faults
    return fault


def test_pixels_are_counted_from_one_and_both_ends_belong_to_the_box(tmp_path):
    objects = DOG + voc_object("cat", 3, 4, 3, 4) + voc_object("cat", 10.5, 4, 12, 8.25)
    data = read_voc(voc(tmp_path, objects), "train")
    whole, point, fine = data.pictures[0].annotations
    assert whole.box == (0, 0, 64, 48) and point.box == (2, 3, 3, 4) and fine.box == (9.5, 3, 12, 8.25)
    assert data.names == ("cat", "dog") and data.faults == ()
    assert data.pictures[0].size == (64, 48) and whole.place == (str(tmp_path / "Annotations" / "a.xml"), 4)


def test_flags_and_what_is_not_kept(tmp_path):
    flags = "<difficult>1</difficult><truncated>0</truncated><occluded>1</occluded><pose>Left</pose>"
    data = read_voc(voc(tmp_path, voc_object("dog", 1, 2, 3, 4, flags=flags + "<part>x</part>")), "train")
    (one,) = data.pictures[0].annotations
    assert one.difficult and one.occluded and not one.truncated and not one.crowd
    assert data.left_out == {"part": 1, "pose": 1}


def test_classes_may_be_given(tmp_path):
    assert read_voc(voc(tmp_path, DOG), "train", ("bird", "dog")).names == ("bird", "dog")


def test_the_image_is_the_one_of_the_annotations_name(tmp_path):
    voc(tmp_path, DOG.replace("dog", "x"), name="night/b")
    assert read_voc(tmp_path, "train").pictures[0].name == "night/b.png"


def test_size_of_nothing_is_no_size(tmp_path):
    assert read_voc(voc(tmp_path, DOG, size=(0, 0)), "train").pictures[0].size is None


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
    assert "is no Pascal VOC folder" in str(only_fault(tmp_path / "nothing"))
    voc(tmp_path, DOG)
    assert "has no list tain.txt; did you mean 'train'?" in str(only_fault(tmp_path, "tain"))
    with (tmp_path / "ImageSets" / "Main" / "train.txt").open("a") as lists:
        lists.write("\nb\na\n")
    data = read_voc(tmp_path, "train")
    assert [fault.line for fault in data.faults] == [3, 4]
    assert "lists 'b', but" in str(data.faults[0]) and "stands in line 1 already" in str(data.faults[1])


def test_what_is_written_is_read_again(tmp_path):
    flags = "<difficult>1</difficult><truncated>1</truncated>"
    data = read_voc(voc(tmp_path, voc_object("d&lt;g", 1, 2.5, 3, 4, flags=flags) + DOG), "train")
    write_voc(data, tmp_path / "new", "train")
    save_image(tmp_path / "new" / "JPEGImages" / "a.png")
    again = read_voc(tmp_path / "new", "train")
    assert voc_text(again.pictures[0]) == voc_text(data.pictures[0]) and again.names == ("d<g", "dog")
