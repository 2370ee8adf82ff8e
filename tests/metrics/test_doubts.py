"""How unsure a model is: from 0 to 1, largest where answers are as likely, smallest where one is sure."""

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jumok.metrics.doubts import (
    doubt_of_interval,
    doubt_of_objects,
    doubt_of_pixels,
    doubt_of_presence,
    doubt_of_text,
    least_confidence,
    relative_entropy_of,
    scores_by_place,
    small_margin,
)
from jumok.values import FoundObject, Hypothesis

OF_CLASSES = (least_confidence, small_margin, relative_entropy_of)
CHANCES = st.lists(st.floats(0.01, 1), min_size=2, max_size=8).map(lambda one: np.array(one) / sum(one))


@settings(deadline=None)
@given(CHANCES)
def test_doubts_of_classes_are_from_none_to_all(chances):
    for measure in OF_CLASSES:
        assert -1e-9 <= measure(chances) <= 1 + 1e-9
        assert measure(chances) == pytest.approx(measure(chances[::-1]))
        assert measure(np.full(len(chances), 1 / len(chances))) == pytest.approx(1)
        assert measure(np.eye(len(chances))[0]) == pytest.approx(0)


@settings(deadline=None)
@given(CHANCES)
def test_entropy_is_that_of_scipy(chances):
    assert relative_entropy_of(chances) == pytest.approx(scipy.stats.entropy(chances, base=len(chances)))


@settings(deadline=None)
@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_of_two_classes_all_measures_give_the_same_order(one, other):
    pairs = [np.array([p, 1 - p]) for p in (one, other)]
    nearer = abs(one - 0.5) < abs(other - 0.5) - 1e-6
    assert not nearer or all(measure(pairs[0]) > measure(pairs[1]) for measure in OF_CLASSES)


def test_one_class_is_never_in_doubt():
    assert all(measure(np.ones(1)) == 0 for measure in OF_CLASSES)


def test_of_several_labels_the_one_nearest_to_even_counts():
    assert doubt_of_presence(np.array([0.01, 0.99, 0.4])) == pytest.approx(0.8)
    assert doubt_of_presence(np.zeros(0)) == 0


def test_the_doubt_of_a_text_does_not_depend_on_its_length():
    short, long = (Hypothesis([7] * n, 0.0, -0.5 * (n + 1)) for n in (2, 40))
    assert doubt_of_text(short) == pytest.approx(doubt_of_text(long)) == pytest.approx(1 - np.exp(-0.5))


def test_the_doubt_of_an_interval_grows_with_its_width():
    widths = [doubt_of_interval(width, 2.0) for width in (0, 1, 2, 100)]
    assert widths == sorted(widths) and widths[0] == 0 and widths[2] == 0.5 and widths[3] < 1


def test_pixels_are_doubted_by_their_mean_entropy():
    logits = torch.randn(4, 6, 5, generator=torch.Generator().manual_seed(1)) * 2
    wanted = scipy.stats.entropy(logits.double().softmax(0).numpy(), base=4, axis=0).mean()
    assert doubt_of_pixels(logits) == pytest.approx(wanted, rel=1e-5)
    assert doubt_of_pixels(torch.zeros(3, 2, 2)) == pytest.approx(1)
    assert doubt_of_pixels(torch.zeros(1, 2, 2)) == doubt_of_pixels(torch.zeros(3, 0, 2)) == 0


def found(name: str, score: float, left: float = 0.0) -> FoundObject:
    return FoundObject(name, score, (left, 0.0, left + 10, 10.0))


def test_a_box_is_in_doubt_at_the_threshold():
    doubts = [doubt_of_objects([found("a", score)], 0.4) for score in (0.01, 0.2, 0.4, 0.7, 0.99)]
    assert doubts[2] == 0.5 and doubts[0] < doubts[1] < doubts[2] > doubts[3] > doubts[4]


def test_two_classes_at_one_place_are_in_doubt_and_the_same_twice_is_not():
    sure = doubt_of_objects([found("a", 0.9)], 0.5)
    assert doubt_of_objects([found("a", 0.9), found("b", 0.85, 1)], 0.5) > 10 * sure
    assert doubt_of_objects([found("a", 0.9), found("a", 0.85, 1)], 0.5) == sure


def test_doubts_of_boxes_are_summed_and_nothing_found_is_no_doubt():
    one, three = ([found("a", 0.5, 20 * place) for place in range(count)] for count in (1, 3))
    total = [doubt / (1 - doubt) for doubt in (doubt_of_objects(one, 0.5), doubt_of_objects(three, 0.5))]
    assert total == pytest.approx([1, 3]) and doubt_of_objects([], 0.5) == 0


def test_places_keep_the_best_score_of_each_class():
    objects = [found("a", 0.9), found("b", 0.6, 1), found("b", 0.5, 2), found("a", 0.3, 40)]
    assert scores_by_place(objects, 0.5) == [{"a": 0.9, "b": pytest.approx(0.6)}, {"a": 0.3}]
