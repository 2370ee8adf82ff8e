"""Average precision is that of COCO's own code, also when images count several times; F1 counts boxes."""

import numpy as np
import pytest
from coco_scores import NAMES, coco_scores, found_boxes, made_images, true_boxes
from hypothesis import given, settings
from hypothesis import strategies as st

from jumok.errors import DataError
from jumok.metrics import (
    FoundBoxes,
    TrueBoxes,
    box_metrics,
    class_counts,
    compare_texts,
    evaluate_texts,
    matching,
    score_texts,
)

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=30, deadline=None, derandomize=True)


def ours(
    found: list[FoundBoxes], true: list[TrueBoxes], weights: np.ndarray | None = None
) -> dict[str, float]:
    weights = np.ones(len(found)) if weights is None else weights
    metrics = box_metrics(NAMES)
    scores = {name: metric.prepare(found, true)(weights) for name, metric in metrics.items()}
    del scores["F1@50"]
    return scores


def assert_same(scores: dict[str, float], expected: dict[str, float]) -> None:
    assert set(scores) == set(expected)
    for name, value in scores.items():
        assert value == pytest.approx(expected[name], abs=1e-9, nan_ok=True), name


@few
@given(seed=seeds, images=st.integers(1, 7), classes=st.integers(1, 3), ignoring=st.booleans())
def test_every_score_is_cocos(seed: int, images: int, classes: int, ignoring: bool) -> None:
    found, true = made_images(seed, images, classes=classes, ignoring=ignoring)
    scores = ours(found, true)
    assert_same(scores, coco_scores(found, true, difficult=True))
    if not ignoring:
        assert_same(scores, coco_scores(found, true, fast=True))


@few
@given(seed=seeds)
def test_with_crowds_only_both_libraries_agree(seed: int) -> None:
    found, true = made_images(seed, 4)
    true = [TrueBoxes(one.boxes, one.labels, one.crowd, one.crowd, one.areas) for one in true]
    scores = ours(found, true)
    assert_same(scores, coco_scores(found, true))
    assert_same(scores, coco_scores(found, true, fast=True))


@pytest.mark.parametrize("seed", range(3))
def test_of_more_than_a_hundred_boxes_the_surest_count(seed: int) -> None:
    found, true = made_images(seed, 3, most_found=400, classes=1)
    assert max(len(one.scores) for one in found) > 110
    assert_same(ours(found, true), coco_scores(found, true, difficult=True))


@few
@given(seed=seeds, counts=st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_an_image_that_counts_twice_is_there_twice(seed: int, counts: list[int]) -> None:
    found, true = made_images(seed, len(counts))
    found = [unequal(one, np.random.default_rng(seed + i)) for i, one in enumerate(found)]
    again = [i for i, count in enumerate(counts) for _ in range(count)]
    expected = coco_scores([found[i] for i in again], [true[i] for i in again], difficult=True)
    assert_same(ours(found, true, np.array(counts, dtype=np.float64)), expected)


@few
@given(seed=seeds)
def test_renamed_classes_and_images_without_boxes_change_nothing(seed: int) -> None:
    found, true = made_images(seed, 4)
    scores = ours(found, true)
    swap = np.array([2, 1, 0])
    renamed = ours(
        [FoundBoxes(one.boxes, one.scores, swap[one.labels]) for one in found],
        [TrueBoxes(one.boxes, swap[one.labels], one.crowd, one.ignored, one.areas) for one in true],
    )
    assert renamed["AP"] == pytest.approx(scores["AP"], nan_ok=True)
    assert renamed["AP50/cell"] == pytest.approx(scores["AP50/grain"], nan_ok=True)
    assert_same(ours([found_boxes([], []), *found], [true_boxes([]), *true]), scores)


def test_all_right_is_one_and_nothing_found_is_zero() -> None:
    true = [true_boxes([[0, 0, 10, 10], [50, 50, 90, 99]], labels=[0, 2]), true_boxes([])]
    right = [found_boxes(true[0].boxes, [0.9, 0.8], [0, 2]), found_boxes([], [])]
    perfect = score_texts(right, true, list(box_metrics(NAMES).values()))
    assert perfect == pytest.approx(dict.fromkeys(perfect, 1.0))
    assert not {"AP_large", "AP/clot", "AP50/clot"} & set(perfect)  # no such boxes
    nothing = score_texts([found_boxes([], [])] * 2, true, list(box_metrics(NAMES).values()))
    assert nothing == dict.fromkeys(perfect, 0.0)


EQUAL_OVERLAPS = (
    [[2, 0, 12, 10], [5, 0, 15, 10]],
    [[0, 0, 10, 10], [4, 0, 14, 10]],
)  # the first found box could be either true one, the second only the last
BETWEEN_SIZES = (
    [[0, 0, 32, 32], [100, 100, 196, 196], [300, 300, 332, 332]],
    [[0, 0, 32, 32], [100, 100, 196, 196]],
)  # areas of 32² and 96²


@pytest.mark.parametrize(("found", "true"), [EQUAL_OVERLAPS, BETWEEN_SIZES])
def test_borderline_cases_are_decided_as_coco_does(found: list[list[int]], true: list[list[int]]) -> None:
    for scores in ([0.9, 0.8, 0.95], [0.8, 0.9, 0.1]):
        image = [found_boxes(found, scores[: len(found)])], [true_boxes(true)]
        assert_same(ours(*image), coco_scores(*image))
        assert_same(ours(*image), coco_scores(*image, fast=True))


def test_a_difficult_box_is_neither_asked_for_nor_punished() -> None:
    box, other = [0, 0, 20, 20], [60, 60, 90, 90]
    true = [true_boxes([box, other], ignored=[True, False])]
    found = [found_boxes([box, other], [0.9, 0.8])]
    assert ours(found, true)["AP"] == pytest.approx(1)
    assert ours([found_boxes([other], [0.8])], true)["AP"] == pytest.approx(1)
    twice = [found_boxes([box, box, other], [0.9, 0.85, 0.8])]
    assert ours(twice, true)["AP"] == pytest.approx(0.5)  # found once, as in COCO
    crowd = [true_boxes([box, other], crowd=[True, False])]
    assert ours(twice, crowd)["AP"] == pytest.approx(1)


@pytest.mark.parametrize("images", [0, 2])
def test_without_any_true_box_only_f1_is_defined(images: int) -> None:
    true = [true_boxes([])] * images
    metrics = list(box_metrics(NAMES).values())
    nothing = [found_boxes([], [])] * images
    assert score_texts(nothing, true, metrics) == {"F1@50": 1.0}
    assert list(evaluate_texts(nothing, true, metrics, resamples=5)) == ["F1@50"]
    assert list(compare_texts(nothing, nothing, true, metrics, resamples=5)) == ["F1@50"]
    assert np.isnan(metrics[0].prepare(nothing, true)(np.ones(images)))
    if images:
        assert score_texts([found_boxes([[0, 0, 5, 5]], [0.9])] * 2, true, metrics) == {"F1@50": 0.0}


def test_a_class_that_some_resamples_lack_has_an_interval() -> None:
    found, true = made_images(3, 12, classes=2, ignoring=False)
    true[0] = true_boxes([[0, 0, 50, 50], [100, 100, 130, 180]], labels=[2, 2])
    found[0] = found_boxes([[0, 0, 50, 50]], [0.9], [2])
    report = evaluate_texts(found, true, list(box_metrics(NAMES).values()), resamples=50)
    rare = report["AP/grain"]
    assert [rare.low, rare.value, rare.high] == pytest.approx([51 / 101] * 3)
    assert report["AP"].low <= report["AP"].value <= report["AP"].high


def test_f1_and_the_counts_of_classes_are_those_of_boxes_that_are_sure() -> None:
    true = [true_boxes([[0, 0, 10, 10], [20, 20, 40, 40], [50, 50, 60, 60]], labels=[0, 0, 1])]
    found = [
        found_boxes(
            [[0, 0, 10, 9], [20, 20, 40, 40], [70, 70, 80, 80], [50, 50, 60, 60]],
            [0.9, 0.2, 0.3, 0.8],
            [0, 0, 0, 0],
        )
    ]
    cell, clot, grain = class_counts(found, true, NAMES)
    assert (cell.right, cell.wrong, cell.missed) == (1, 2, 1)
    assert (clot.right, clot.wrong, clot.missed) == (0, 0, 1)
    assert (cell.precision, cell.recall, clot.recall) == (1 / 3, 1 / 2, 0)
    assert np.isnan([clot.precision, grain.precision, grain.recall]).all()
    assert box_metrics(NAMES)["F1@50"].prepare(found, true)(np.ones(1)) == 2 / 6
    assert box_metrics(NAMES, sure=0.1)["F1@50"].prepare(found, true)(np.ones(1)) == 4 / 7


def test_all_metrics_share_one_matching(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    match = matching.match
    monkeypatch.setattr(matching, "match", lambda *given: calls.append(1) or match(*given))
    found, true = made_images(1, 3, classes=1)
    present = sum(bool(len(one.labels) + len(other.labels)) for one, other in zip(found, true, strict=True))
    metrics = list(box_metrics(NAMES).values())
    evaluate_texts(found, true, metrics, resamples=3)
    assert len(calls) == present
    score_texts(found, list(true), metrics)  # other lists
    assert len(calls) == 2 * present


def test_two_systems_are_compared_on_the_same_resamples() -> None:
    found, true = made_images(5, 30, ignoring=False)
    worse = [FoundBoxes(one.boxes + 9, one.scores, one.labels) for one in found]
    metrics = list(box_metrics(NAMES).values())
    better = compare_texts(found, worse, true, metrics, resamples=100)["AP50"]
    assert better.p < 0.05
    assert better.low > 0
    same = compare_texts(found, found, true, metrics, resamples=10)
    assert {difference.p for difference in same.values()} == {1}


def test_images_and_labels_must_fit() -> None:
    metric = box_metrics(["cell"])["AP"]
    with pytest.raises(DataError, match="got 1 prediction and references for 2 examples"):
        metric.prepare([found_boxes([], [])], [true_boxes([])] * 2)
    with pytest.raises(DataError, match=r"image 1: labels of boxes must be from 0 to 0.*got \[0, 3\]"):
        metric.prepare([found_boxes([[0, 0, 1, 1]] * 2, [1, 1], [0, 3])], [true_boxes([])])


def test_hundreds_of_resamples_hold_the_value() -> None:
    rng = np.random.default_rng(0)
    true = [true_boxes(at_random(rng, 13), labels=rng.integers(0, 3, 13)) for _ in range(72)]
    found = [
        found_boxes(near(rng, one.boxes, rows), rng.random(100), one.labels[rows])
        for one in true
        for rows in [rng.integers(0, 13, 100)]
    ]
    report = evaluate_texts(found, true, list(box_metrics(NAMES).values()), resamples=200)
    assert 0 < report["AP"].low < report["AP"].value < report["AP"].high < 1


def unequal(found: FoundBoxes, rng: np.random.Generator) -> FoundBoxes:
    """The boxes with scores of their own: of equal ones in a repeated image, the order is not defined."""
    return FoundBoxes(found.boxes, rng.random(len(found.scores)), found.labels)


def at_random(rng: np.random.Generator, count: int) -> np.ndarray:
    corners = rng.uniform(0, 500, (count, 2))
    return np.concatenate((corners, corners + rng.uniform(20, 120, (count, 2))), axis=1)


def near(rng: np.random.Generator, boxes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return boxes[rows] + rng.normal(0, 8, (len(rows), 4))
