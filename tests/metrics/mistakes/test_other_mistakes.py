"""Labels, masks, texts and values beside what a model says of them."""

import math

import numpy as np
import pytest

from jumok.metrics.mistakes.labels import label_disagreements
from jumok.metrics.mistakes.masks import ComparedPixels, mask_disagreements, rate_mask, usual_confusion
from jumok.metrics.mistakes.texts import text_disagreement
from jumok.metrics.mistakes.values import robust_deviation, value_disagreements

NAMES = ("cat", "dog", "cow")


def test_a_label_is_doubted_by_its_own_probability():
    chances = np.array([0.1, 0.7, 0.2])
    (one,) = label_disagreements(chances, (0,), NAMES)
    assert one.score == pytest.approx(0.9)
    assert (one.given, one.predicted) == ("cat", "dog")
    assert all(name in sentence for sentence in (one.en, one.ko) for name in ("cat", "dog"))
    assert label_disagreements(chances, (1,), NAMES) == []
    assert label_disagreements(np.array([0.0, 1.0, 0.0]), (1,), NAMES) == []


def test_each_of_several_labels_is_a_question_of_its_own():
    found = label_disagreements(np.array([0.9, 0.2, 0.1]), (1,), NAMES, several=True)
    assert [(one.given, one.predicted) for one in found] == [("", "cat"), ("dog", "")]
    assert [one.score for one in found] == pytest.approx([0.9, 0.8])
    assert label_disagreements(np.array([0.9, 0.2, 0.1]), (0,), NAMES, several=True) == []


def seen(truth, classes=3, sure=0.9):
    """A model that sees the true classes, as sure everywhere: most probable classes, and probabilities (C, Y, X)."""
    chances = np.full((classes, *truth.shape), (1 - sure) / (classes - 1))
    np.put_along_axis(chances, truth[None], sure, axis=0)
    return truth, chances


def rated(given, truth):
    predicted, chances = seen(truth)
    likelihood = np.take_along_axis(chances, np.maximum(given, 0)[None], axis=0)[0]
    return rate_mask(ComparedPixels(given, predicted, chances.max(0), likelihood), 3)


def scene():
    truth = np.zeros((80, 100), dtype=np.int64)
    truth[20:60, 10:40] = 1
    truth[30:70, 60:90] = 2
    return truth


def test_a_mask_that_is_right_is_not_doubted():
    one = rated(scene(), scene())
    assert mask_disagreements(one, NAMES) == []


def test_a_leak_and_a_hole_are_found_where_they_are():
    given = scene()
    given[20:60, 40:50] = 1  # the first region leaks to the right
    given[40:55, 65:80] = 0  # a hole in the second
    found = mask_disagreements(rated(given, scene()), NAMES)
    assert [(one.given, one.predicted, one.box) for one in found] == [
        ("dog", "cat", (40, 20, 50, 60)),
        ("cat", "cow", (65, 40, 80, 55)),
    ]
    assert all(0 < one.score <= 1 for one in found) and found[0].score > found[1].score
    assert "400 pixels painted dog" in found[0].en and "픽셀 400개" in found[0].ko


def test_borders_and_unknown_pixels_are_not_doubted():
    given = scene()
    given[19, 10:40] = 1  # one row more than the model sees
    given[35:65, 65:85] = -1
    assert mask_disagreements(rated(given, scene()), NAMES) == []


def test_what_a_model_sees_everywhere_is_a_smaller_doubt():
    given = scene()
    given[20:60, 40:50] = 1
    one, right = rated(given, scene()), rated(scene(), scene())
    (plain,) = mask_disagreements(one, NAMES)
    (alone,) = mask_disagreements(one, NAMES, usual_confusion([one, right, right, right]))
    (usual,) = mask_disagreements(one, NAMES, usual_confusion([one, one, one, right]))
    assert alone.score == plain.score
    assert usual.score == pytest.approx(plain.score * (1 - 2 / 4))


def test_a_text_is_doubted_by_how_far_it_is_from_the_best():
    assert text_disagreement("ab", "ab", -0.5, -0.5) is None
    assert text_disagreement("ab", "cd", -0.5, -0.5) is None
    far, near = text_disagreement("ab", "cd", -5.0, -0.1), text_disagreement("ab", "cd", -0.6, -0.1)
    assert far is not None and near is not None and 0 < near.score < far.score < 1
    assert near.score == pytest.approx(1 - math.exp(-0.5))
    assert "'ab'" in far.en and "'cd'" in far.ko


def test_values_are_doubted_outside_of_their_interval():
    width = 1.6448536  # deviations of an interval of 90 %
    predicted = np.array([[10.0, 10 - 2 * width, 10 + 2 * width], [5.0, np.nan, np.nan]])
    usual = np.array([1.0, 0.5])
    assert value_disagreements(predicted, np.array([12.0, 5.5]), ("age", "mass"), 0.9, usual) == []
    found = value_disagreements(predicted, np.array([20.0, 6.5]), ("age", "mass"), 0.9, usual)
    assert [one.given for one in found] == ["20", "6.5"]
    assert [one.score for one in found] == pytest.approx([25 / 34, 9 / 18])
    assert "age" in found[0].en and "5.0 deviations" in found[0].en and "5.0배" in found[0].ko


def test_mistakes_do_not_move_the_usual_deviation():
    rng = np.random.default_rng(1)
    distances = rng.normal(0, 2, (2000, 1))
    assert robust_deviation(distances) == pytest.approx([2], rel=0.1)
    distances[:100] = 1e6
    assert robust_deviation(distances) == pytest.approx([2], rel=0.15)
