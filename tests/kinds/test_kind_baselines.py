"""What each kind's baselines answer, on data where that can be told by hand."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from jumok.baselines.protocol import Baseline, TrainingAnswers
from jumok.classes import Class
from jumok.errors import DataError
from jumok.kinds.boxes.baselines import boxes_baselines
from jumok.kinds.boxes.codec import Boxes
from jumok.kinds.boxes.options import BoxesOutput
from jumok.kinds.label.baselines import label_baselines
from jumok.kinds.label.calibration import LabelState
from jumok.kinds.label.codec import AboutLabel
from jumok.kinds.label.options import LabelOutput
from jumok.kinds.mask.baselines import mask_baselines, resize_nearest
from jumok.kinds.text.baselines import text_baselines
from jumok.kinds.values.baselines import values_baselines
from jumok.kinds.values.codec import AboutValues
from jumok.kinds.values.options import ValuesOutput
from jumok.kinds.values.state import training_state


@dataclass
class Given:
    """Inputs that a test makes up."""

    texts: Sequence[str] = ()
    image_sizes: Sequence[tuple[int, int]] = ()
    table: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    names: tuple[str, ...] = ("source",)

    def __len__(self) -> int:
        return max(len(self.texts), len(self.image_sizes), len(self.table))

    def cells(self, name: str) -> Sequence[str]:
        return self.texts

    def values(self, name: str) -> Iterator[Any]:
        return iter(self.texts)

    def sizes(self, name: str) -> Iterator[tuple[int, int]]:
        return iter(self.image_sizes)

    def features(self) -> np.ndarray:
        return self.table

    def check_time(self) -> None:
        pass


def ask(
    baselines: Sequence[Baseline], name: str, train: Given, cells: Sequence[str], asked: Given
) -> list[Any]:
    """The answers of one of the baselines, fitted on train."""
    (baseline,) = (one for one in baselines if one.name == name)
    return list(baseline.fit(train, TrainingAnswers(cells, Path()))(asked))


# ---------------------------------------------------------------- text


def test_texts_are_the_most_frequent_a_copy_or_that_of_the_nearest_input():
    train = Given(["one", "two", "three"], table=np.array([[0.0, 0], [5, 5], [9, 0]]))
    asked = Given(["five", "six"], table=np.array([[8.0, 1], [4, 6]]))
    answers, offered = ["1", "2", "2"], text_baselines(["source"])
    answer = {
        one.name: [value.text for value in ask(offered, one.name, train, answers, asked)] for one in offered
    }
    assert answer == {
        "most frequent answer": ["2", "2"],
        "copy of source": ["five", "six"],
        "answer to the most similar input": ["2", "2"],
    }


def test_without_a_text_there_is_nothing_to_copy():
    assert [one.name for one in text_baselines([])] == [
        "most frequent answer",
        "answer to the most similar input",
    ]


# ---------------------------------------------------------------- boxes and masks

ABOUT = Boxes(
    "cells", BoxesOutput(kind="boxes"), (Class("red", 1), Class("blue", 2), Class("rare", 3)), "photo"
)


def marked(*objects: dict[str, Any]) -> str:
    return json.dumps({"id": 1, "objects": list(objects)})


def test_the_mean_box_of_a_class_follows_the_size_of_the_image():
    cells = [
        marked({"box": [0, 0, 10, 20], "name": "red"}, {"box": [0, 0, 9, 9], "name": "blue", "crowd": True}),
        marked({"box": [20, 0, 40, 20], "name": "red"}, {"box": [4, 4, 8, 8], "name": "blue"}),
        marked({"box": [0, 0, 10, 10], "name": "blue", "difficult": True}),
        marked(),
    ]
    train = Given(image_sizes=[(20, 20), (20, 40), (20, 20), (20, 20)])
    (small, large) = ask(
        boxes_baselines(ABOUT),
        "mean box of each class",
        train,
        cells,
        Given(image_sizes=[(10, 10), (20, 100)]),
    )
    assert [(one.name, one.score, one.box) for one in small.objects] == [
        ("red", 0.5, (2.5, 0.0, 7.5, 10.0)),
        ("blue", 0.25, (1.0, 2.0, 2.0, 4.0)),
    ]
    assert large.objects[0].box == (25.0, 0.0, 75.0, 20.0) and large.size == (20, 100)


def test_mean_boxes_need_an_object():
    with pytest.raises(DataError, match="no object is marked"):
        ask(
            boxes_baselines(ABOUT), "mean box of each class", Given(image_sizes=[(9, 9)]), [marked()], Given()
        )


def test_the_majority_mask_is_that_of_each_place():
    masks = {
        "a": np.array([[0, 1], [1, 1]]),
        "b": np.array([[0, 0], [1, -1]]),
        "c": np.array([[1, 0], [1, -1]]),
        "d": np.full((4, 4), -1),
    }
    offered = mask_baselines("photo", ("out", "in"), lambda cell, root: masks[cell])
    for size in ((2, 2), (6, 10)):
        (found,) = ask(offered, "majority mask", Given(), list("abcd"), Given(image_sizes=[size]))
        assert found.classes.shape == size and found.classes.dtype == np.uint8
        assert (found.classes == resize_nearest(np.array([[0, 0], [1, 1]]), size)).all()


def test_a_place_of_which_nothing_is_known_has_the_most_frequent_class():
    offered = mask_baselines("photo", ("out", "in"), lambda cell, root: np.array([[1, 1, -1]]))
    (found,) = ask(offered, "majority mask", Given(), ["a"], Given(image_sizes=[(1, 3)]))
    assert found.classes.tolist() == [[1, 1, 1]]


def test_resizing_takes_the_nearest():
    values = np.arange(6).reshape(2, 3)
    assert (resize_nearest(values, (2, 3)) == values).all()
    assert (resize_nearest(values.repeat(3, 0).repeat(5, 1), (2, 3)) == values).all()
    assert (resize_nearest(values, (4, 6)) == values.repeat(2, 0).repeat(2, 1)).all()


# ---------------------------------------------------------------- labels and values


def about_label(classes: tuple[str, ...], **options: Any) -> AboutLabel:
    return AboutLabel(
        "sort", LabelOutput(kind="label", **options), LabelState(classes, (1,) * len(classes), 9)
    )


def clusters(count: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """Points around a center for each of two classes, the first twice as frequent."""
    random = np.random.default_rng(seed)
    labels = random.random(count) < 1 / 3
    return random.normal(size=(count, 3)) + 6 * labels[:, None], ["b" if one else "a" for one in labels]


@pytest.mark.parametrize("name", ["nearest centroid", "linear discriminant"])
def test_classifiers_tell_clusters_apart(name):
    train, cells = clusters(60, 0)
    asked, right = clusters(40, 1)
    found = ask(label_baselines(about_label(("a", "b"))), name, Given(table=train), cells, Given(table=asked))
    assert [one.text for one in found] == right
    assert all(sum(one.probabilities.values()) == pytest.approx(1) for one in found)


def test_the_majority_has_the_shares_of_train_as_probabilities():
    cells = ["a", "b", "a", "a"]
    (found,) = ask(label_baselines(about_label(("a", "b"))), "majority class", Given(), cells, Given(["x"]))
    assert found.text == "a" and dict(found.probabilities) == {"a": 0.75, "b": 0.25}


def test_of_several_labels_each_is_predicted_by_itself():
    about = about_label(("a", "b", "c"), several=True)
    cells = ["a; b", "a", "a; c", "[]"] * 5
    (shares,) = ask(label_baselines(about), "frequency of each class", Given(), cells, Given(["x"]))
    assert shares.labels == ("a",) and dict(shares.probabilities) == {"a": 0.75, "b": 0.25, "c": 0.25}
    signs = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 1], [0, 0, 0]] * 5, dtype=float)
    train = Given(table=signs @ np.array([[1, 2, 0], [0, 1, 1], [3, 0, 1.0]]))
    found = ask(label_baselines(about), "ridge regression of each class", train, cells, train)
    assert [one.labels for one in found[:4]] == [("a", "b"), ("a",), ("a", "c"), ()]


def about_values(values: np.ndarray, **options: Any) -> AboutValues:
    return AboutValues("size", ValuesOutput(kind="values", **options), training_state(values))


def test_a_regression_finds_what_is_linear_with_intervals_that_hold_their_share():
    random = np.random.default_rng(3)
    table = random.normal(size=(600, 4))
    values = table @ np.array([3.0, -2, 0, 1]) + 50 + random.normal(size=600)
    about = about_values(values[:400, None], interval=0.8)
    cells = [str(one) for one in values[:400]]
    found = ask(
        values_baselines(about), "ridge regression", Given(table=table[:400]), cells, Given(table=table[400:])
    )
    errors = values[400:] - [one.values[0].value for one in found]
    assert_allclose(errors.std(), 1, atol=0.15)
    inside = [
        one.values[0].low <= right <= one.values[0].high
        for one, right in zip(found, values[400:], strict=True)
    ]
    assert np.mean(inside) == pytest.approx(0.8, abs=0.08)


def test_the_mean_has_the_quantiles_of_train_around_it():
    values = np.array([[1.0, 10], [2, 20], [3, 30], [6, 100]])
    about = about_values(values, names=["low", "high"], interval=0.5)
    cells = [json.dumps(row) for row in values.tolist()]
    (found,) = ask(values_baselines(about), "mean of train", Given(), cells, Given(["x"]))
    assert [(one.name, one.value) for one in found.values] == [("low", 3.0), ("high", 40.0)]
    assert [(one.low, one.high) for one in found.values] == [(1.75, 3.75), (17.5, 47.5)]


def test_without_uncertainty_there_are_no_intervals():
    values = np.arange(6.0)[:, None]
    about = about_values(values, uncertainty="none")
    cells = [str(one) for one in values[:, 0]]
    for one in values_baselines(about):
        (found,) = ask([one], one.name, Given(table=values), cells, Given(table=values[:1]))
        assert found.values[0].low is None and found.values[0].high is None
