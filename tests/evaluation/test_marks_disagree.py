"""The marks of one item, as the label page has them, beside what a model proposes."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from jumok.evaluation.mistakes.marks import disagreement

CLASSES = ("cat", "dog")


def thing(name, box, **more):
    return {"id": None, "class": name, "box": list(box), "polygons": None, **more}


def encoded(pixels):
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_objects():
    cat, dog = thing("cat", (10, 10, 40, 40)), thing("dog", (60, 60, 99, 99))
    proposed = {"objects": [{**cat, "score": 0.9}, {**dog, "score": 0.8}]}
    assert disagreement("objects", {"objects": [cat, dog]}, proposed, CLASSES) is None
    found = disagreement("objects", {"objects": [dog]}, proposed, CLASSES)
    assert found is not None and (found.kind, found.box, found.score) == ("missed", (10, 10, 40, 40), 0.9)
    crowd = thing("cat", (0, 0, 60, 60), crowd=True)
    assert disagreement("objects", {"objects": [crowd, dog]}, proposed, CLASSES) is None
    bird = {"objects": [cat, dog, thing("bird", (1, 1, 5, 5))]}  # of a class that the model does not know
    assert disagreement("objects", bird, proposed, CLASSES) is None
    assert found.to_json()["what"].keys() == {"en", "ko"}


def test_masks():
    truth = np.zeros((60, 80))
    truth[10:40, 20:50] = 1
    given = truth.copy()
    given[20:35, 20:50] = 0
    given[50:, :] = 255  # not labelled yet
    proposed = {"mask": encoded(truth)}
    found = disagreement("mask", {"mask": encoded(given)}, proposed, CLASSES)
    assert found is not None and (found.given, found.predicted) == ("cat", "dog")
    assert found.box == (20, 20, 50, 35)
    assert disagreement("mask", {"mask": encoded(truth)}, proposed, CLASSES) is None
    assert disagreement("mask", {"mask": None}, proposed, CLASSES) is None


def cells(given, ours, others=(), kind="label"):
    proposed = {"values": {"answer": ours}, "others": {"answer": list(others)}}
    return disagreement("values", {"values": {"answer": given}}, proposed, columns={"answer": kind})


def test_labels():
    likely = [{"text": "cat", "score": 0.7}, {"text": "dog", "score": 0.2}]
    for given, score in (("dog", 0.8), ("cow", 0.9)):  # what is left to others is 0.1
        found = cells(given, "cat", likely)
        assert found is not None and found.score == pytest.approx(score)
        assert (found.given, found.predicted) == (given, "cat")
    assert cells("cat", "cat", likely) is None
    assert cells(None, "cat", likely) is None
    several = [{"text": "cat", "score": 0.9}, {"text": "dog", "score": 0.8}, {"text": "cow", "score": 0.1}]
    assert cells("cat; dog", "cat; dog", several) is None
    found = cells("cat; cow", "cat; dog", several)
    assert found is not None and found.score == pytest.approx(0.9) and found.given == "cow"


def test_labels_are_doubted_by_the_scores_of_a_proposal():
    proposed = {"values": {"answer": "cat"}, "scores": {"answer": {"cat": 0.6, "dog": 0.3, "cow": 0.1}}}
    for given, score in (("dog", 0.7), ("cow", 0.9), ("hen", 1.0)):
        found = disagreement("values", {"values": {"answer": given}}, proposed, columns={"answer": "label"})
        assert found is not None and found.score == pytest.approx(score)


def test_texts():
    beams = [{"text": "ab", "score": 0.9}, {"text": "ac", "score": 0.3}, {"text": "ad", "score": 0.1}]
    near, far = cells("ac", "ab", beams, "text"), cells("xyz", "ab", beams, "text")
    assert near is not None and far is not None and near.score < far.score
    assert near.score == pytest.approx(1 - 0.3 / 0.9) and far.score == pytest.approx(1 - 0.1 / 0.9)
    assert cells("ab", "ab", beams, "text") is None


def test_numbers():
    interval = [{"name": "age", "low": 8.0, "high": 12.0}]
    assert cells("11", "10", interval, "values") is None
    found = cells("20", "10", interval, "values")
    assert found is not None and found.score > 0.8 and "age" in found.en
    assert cells("many", "10", interval, "values") is None


def test_stretches_are_not_compared():
    assert disagreement("stretches", {"stretches": []}, {"stretches": []}) is None
