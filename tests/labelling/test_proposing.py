"""What a model proposes: marks as stores write them, the same for an item whatever else is asked with it."""

import base64
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jumok.errors import DataError
from jumok.labelling.contract import AnswerColumn
from jumok.labelling.proposing.proposer import Proposal, Proposer, feature_matrix
from jumok.predictor import load
from made_label_store import CASES, MadeStore, case, photos, texts
from made_predictors import made
from small_images import trained
from small_labels import trained_labels


def close(one: Proposal, other: Proposal) -> bool:
    same = np.allclose(one.features, other.features, atol=1e-4) and one.unsure == pytest.approx(
        other.unsure, abs=1e-4
    )
    return bool(same) and one.marks.keys() == other.marks.keys()


@pytest.mark.parametrize("name", CASES)
def test_an_item_gets_the_same_alone_and_with_others(name):
    proposer, store = case(name)
    whole = proposer.propose(store.keys)
    assert list(whole) == store.keys
    for key in store.keys:
        (alone,) = proposer.propose([key]).values()
        assert close(alone, whole[key]) and 0 <= alone.unsure <= 1
    again = proposer.propose(store.keys[::-1])
    assert all(close(again[key], whole[key]) for key in store.keys)
    assert len({round(one.unsure, 6) for one in whole.values()}) > 1


@pytest.mark.parametrize("name", CASES)
def test_threads_get_what_one_gets(name):
    proposer, store = case(name)
    wanted = proposer.propose(store.keys)
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(lambda _: proposer.propose(store.keys), range(4)):
            assert all(close(found[key], wanted[key]) for key in store.keys)
            assert [one.marks for one in found.values()] == [one.marks for one in wanted.values()]


def test_boxes_are_those_that_the_model_shows():
    folder = trained("boxes")
    predictor = load(folder / "run")
    images = sorted((folder / "images").glob("test*.png"))
    store = MadeStore("objects", [{"photo": str(one)} for one in images], ("blue", "red"))
    proposer = Proposer(predictor, store)  # type: ignore[arg-type]
    found = proposer.propose(store.keys)
    for key, prediction in zip(store.keys, predictor.predict([str(one) for one in images]), strict=True):
        objects = found[key].marks["objects"]
        shown = prediction["blocks"].sure()
        assert [(one["class"], tuple(one["box"])) for one in objects] == [
            (one.name, one.box) for one in shown
        ]
        assert [one["score"] for one in objects] == [one.score for one in shown]
        assert all(one["id"] is None and one["polygons"] is None for one in objects)
    assert sum(len(one.marks["objects"]) for one in found.values()) > len(images) / 2
    assert proposer.remark is None


def test_classes_that_the_file_lacks_are_told_and_not_proposed():
    folder = trained("boxes")
    images = sorted((folder / "images").glob("test*.png"))
    store = MadeStore("objects", [{"photo": str(one)} for one in images], ("red", "green"))
    proposer = Proposer(load(folder / "run"), store)  # type: ignore[arg-type]
    names = {one["class"] for each in proposer.propose(store.keys).values() for one in each.marks["objects"]}
    assert names == {"red"} and proposer.unknown_classes == ("blue",)
    assert "blue" in proposer.remark["en"] and "blue" in proposer.remark["ko"]
    store.names = ("red", "green", "blue")  # somebody has added it
    assert proposer.remark is None


def test_a_mask_has_the_numbers_of_the_file():
    folder = trained("mask")
    predictor = load(folder / "run")
    images = [str(one) for one in sorted((folder / "images").glob("test*.png"))[:3]]
    store = MadeStore("mask", [{"photo": one} for one in images], ("blue", "nothing"))
    proposer = Proposer(predictor, store)  # type: ignore[arg-type]
    for one, prediction in zip(proposer.propose(store.keys).values(), predictor.predict(images), strict=True):
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(one.marks["mask"]))))
        wanted = np.array([1, 255, 0])[prediction["blocks"].classes]  # nothing, red, blue
        assert pixels.dtype == np.uint8 and np.array_equal(pixels, wanted)
    assert proposer.unknown_classes == ("red",)


def test_a_label_comes_with_its_probability_and_others():
    folder = trained_labels("image-label")
    images = [str(one) for one in sorted((folder / "images").glob("test*.png"))[:8]]
    store = MadeStore("values", [{"photo": one} for one in images], columns=[AnswerColumn("shade", "label")])
    predictor = load(folder / "run")
    found = Proposer(predictor, store).propose(store.keys)  # type: ignore[arg-type]
    for one, prediction in zip(found.values(), predictor.predict(images), strict=True):
        value = prediction["shade"]
        assert one.marks["values"] == {"shade": value.labels[0]}
        assert one.marks["scores"]["shade"] == pytest.approx(value.probabilities, abs=1e-4)
        chances = sorted(value.probabilities.values())
        assert one.unsure == pytest.approx(1 - (chances[-1] - chances[-2]), abs=1e-5)


@pytest.mark.parametrize(
    "task, column, kind", (("several", "letters", "label"), ("two-values", "counts", "values"))
)
def test_cells_are_as_tables_write_them(task, column, kind):
    predictor = load(trained_labels(task) / "run")
    store = MadeStore(
        "values", [{"word": word} for word in ("ab", "ccb", "a")], columns=[AnswerColumn(column, kind)]
    )
    proposer = Proposer(predictor, store)  # type: ignore[arg-type]
    field = predictor.outputs[column]
    for key, one in proposer.propose(store.keys).items():
        cell = one.marks["values"][column]
        (read,) = field.codec.from_cells([cell], Path())
        (answer,) = predictor.predict([store.given[int(key)]])
        if kind == "label":
            assert read.text == answer[column].text
        else:  # answers of a batch and of one row differ in the last digits on some processors
            found, expected = (
                [float(word.split()[1]) for word in one.text.split(", ")] for one in (read, answer[column])
            )
            assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_an_empty_item_has_no_proposal():
    proposer, store = case("transformer")
    store.given[1] = {"text": "  "}
    found = proposer.propose(store.keys)
    assert found["1"].marks["values"] == {"said": None} and found["1"].unsure == 0
    matrix = feature_matrix(list(found.values()))
    assert np.isnan(matrix[1]).all() and np.isfinite(matrix[[0, 2, 3]]).all()


def test_what_cannot_be_read_is_told_and_does_not_stop_others(tmp_path):
    proposer, store = case("dense")
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    store.given[2] = {"photo": str(bad)}
    with pytest.raises(DataError, match="bad.png"):
        proposer.propose(store.keys)
    refused: dict[str, DataError] = {}
    assert list(proposer.propose(store.keys, refused)) == ["0", "1", "3"]
    assert list(refused) == ["2"] and "bad.png" in str(refused["2"])


def test_the_only_input_may_have_another_name():
    proposer, store = case("dense")
    wanted = proposer.propose(["0"])["0"]
    store.given[0] = {"image": store.given[0]["photo"]}
    assert proposer.propose(["0"])["0"].marks == wanted.marks


def test_models_that_give_no_such_marks_are_refused_in_a_sentence():
    store = MadeStore("mask", photos(), ("red",))
    with pytest.raises(DataError, match=r"gives no mask for memory: it answers said \(boxes\)"):
        Proposer(made("dense"), store)  # type: ignore[arg-type]
    table = MadeStore("values", texts(), columns=[AnswerColumn("label", "label")])
    with pytest.raises(
        DataError, match=r"answers said \(text\), and the columns to fill are label \(label\)"
    ):
        Proposer(made("transformer"), table)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="no output 'sad'; did you mean 'said'"):
        Proposer(made("dense"), store, "sad")  # type: ignore[arg-type]
