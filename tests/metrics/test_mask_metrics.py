"""Scores of masks against sums over sets of pixels; an image may be cut or repeated."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jumok.errors import DataError
from jumok.metrics import compare_texts, confusion, evaluate_texts, mask_metrics, masks, score_texts

NAMES = ["road", "tree", "car", "sky"]
Masks = list[np.ndarray]
few = settings(max_examples=40, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


def made_masks(seed: int, images: int, classes: int = 4) -> tuple[Masks, Masks]:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 9, (images, 2))
    references = [rng.integers(-1, classes, size).astype(np.int16) for size in sizes]
    predictions = [
        np.where(rng.random(one.shape) < 0.5, rng.integers(0, classes, one.shape), np.maximum(one, 0))
        for one in references
    ]
    return predictions, references


def by_sets(predictions: Masks, references: Masks) -> dict[str, float]:
    """Every score from the sets of pixels that have a class; those of no pixels are left out."""
    true, said, pixels = {}, {}, set()
    for label in range(len(NAMES)):
        true[label] = {
            (i, *at) for i, one in enumerate(references) for at in np.argwhere(one == label).tolist()
        }
        pixels |= true[label]
    for label in range(len(NAMES)):
        every = {(i, *at) for i, one in enumerate(predictions) for at in np.argwhere(one == label).tolist()}
        said[label] = every & pixels
    ious = {n: len(true[n] & said[n]) / len(true[n] | said[n]) for n in true if true[n]}
    recalls = [len(true[n] & said[n]) / len(true[n]) for n in true if true[n]]
    if not pixels:
        return {}
    return {
        "mean_iou": float(np.mean(list(ious.values()))),
        "pixel_accuracy": sum(len(true[n] & said[n]) for n in true) / len(pixels),
        "mean_accuracy": float(np.mean(recalls)),
        **{f"iou/{NAMES[n]}": value for n, value in ious.items()},
    }


def ours(predictions: Masks, references: Masks) -> dict[str, float]:
    return score_texts(predictions, references, list(mask_metrics(NAMES).values()))


def under(weights: np.ndarray, predictions: Masks, references: Masks) -> dict[str, float]:
    metrics = mask_metrics(NAMES).values()
    scores = {metric.name: metric.prepare(predictions, references)(weights) for metric in metrics}
    return {name: value for name, value in scores.items() if not np.isnan(value)}


@few
@given(seed=seeds, images=st.integers(0, 4), classes=st.integers(1, 4))
def test_scores_are_those_of_sets_of_pixels(seed: int, images: int, classes: int) -> None:
    predictions, references = made_masks(seed, images, classes)
    assert ours(predictions, references) == pytest.approx(by_sets(predictions, references))


@few
@given(seed=seeds, cut=st.integers(0, 8))
def test_an_image_may_be_cut_in_two(seed: int, cut: int) -> None:
    predictions, references = made_masks(seed, 2)
    pieces = [[mask[:, :cut], mask[:, cut:]] for mask in (predictions[0], references[0])]
    cut_up = ours([*pieces[0], predictions[1]], [*pieces[1], references[1]])
    assert cut_up == pytest.approx(ours(predictions, references))


@few
@given(seed=seeds, counts=st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_an_image_that_counts_twice_is_there_twice(seed: int, counts: list[int]) -> None:
    predictions, references = made_masks(seed, len(counts))
    again = [i for i, count in enumerate(counts) for _ in range(count)]
    expected = ours([predictions[i] for i in again], [references[i] for i in again])
    assert under(np.array(counts, dtype=np.float64), predictions, references) == pytest.approx(expected)


def test_the_confusion_matrix_has_the_truth_in_rows() -> None:
    reference = np.array([[0, 0, 1], [2, -1, 1]])
    prediction = np.array([[0, 1, 1], [0, 2, 1]])
    table = confusion([prediction], [reference], 3)
    assert table.tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 0]]
    assert confusion([prediction] * 3, [reference] * 3, 3).tolist() == (3 * table).tolist()
    assert confusion([], [], 2).tolist() == [[0, 0], [0, 0]]


def test_a_class_that_the_truth_does_not_have_is_in_no_mean() -> None:
    scores = ours([np.array([[0, 0, 0, 1]])], [np.array([[0, 0, 0, 0]])])
    assert scores == {
        "mean_iou": 3 / 4,
        "pixel_accuracy": 3 / 4,
        "mean_accuracy": 3 / 4,
        "iou/road": 3 / 4,
    }


def test_a_class_that_is_never_predicted_scores_nothing() -> None:
    scores = ours([np.array([[0, 0, 0, 0]])], [np.array([[0, 0, 0, 1]])])
    assert scores["iou/tree"] == 0 and scores["mean_iou"] == 3 / 8


def test_pixels_that_do_not_count_may_be_predicted_as_anything() -> None:
    reference = np.array([[0, -1], [1, -1]])
    assert ours([np.array([[0, 3], [1, 77]])], [reference]) == ours([np.array([[0, 0], [1, 0]])], [reference])
    assert ours([np.array([[0]])], [np.array([[-1]])]) == {}


def test_small_integers_do_not_overflow() -> None:
    one = np.arange(200, dtype=np.uint8).reshape(10, 20)
    assert confusion([one], [one.astype(np.int16)], 200).trace() == 200


def test_intervals_hold_the_scores_and_equal_systems_do_not_differ() -> None:
    predictions, references = made_masks(1, 20)
    metrics = list(mask_metrics(NAMES).values())
    for interval in evaluate_texts(predictions, references, metrics, resamples=200).values():
        assert interval.low < interval.value < interval.high
    for found in compare_texts(references, predictions, references, metrics[1:2], resamples=50).values():
        assert found.difference > 0
    assert compare_texts(predictions, predictions, references, metrics, resamples=9)["mean_iou"].p == 1


def test_all_metrics_share_one_look_at_the_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    confused = masks.confused
    monkeypatch.setattr(masks, "confused", lambda *given: calls.append(1) or confused(*given))
    predictions, references = made_masks(2, 5)
    evaluate_texts(predictions, references, list(mask_metrics(NAMES).values()), resamples=3)
    assert len(calls) == 5


@pytest.mark.parametrize(
    ("prediction", "reference", "message"),
    [
        (np.zeros((2, 3)), np.zeros((3, 2)), r"image 1: .* same size; got \(2, 3\) and \(3, 2\)"),
        (
            np.full((1, 2), 4),
            np.zeros((1, 2)),
            "the predicted mask must hold classes from 0 to 3.*from 4 to 4",
        ),
        (
            np.zeros((1, 2)),
            np.array([[0, 255]]),
            "the true mask must hold classes from 0 to 3.*from 0 to 255",
        ),
    ],
)
def test_masks_that_cannot_be_compared_are_refused(
    prediction: np.ndarray, reference: np.ndarray, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        ours([prediction], [reference])
    with pytest.raises(DataError, match="must be equal"):
        ours([prediction, prediction], [reference])


def test_a_class_is_supported_by_the_images_that_show_it():
    images = [np.array([[0, 1], [-1, 1]]), np.array([[0, 0], [0, 0]]), np.full((2, 2), -1)]
    assert masks.mask_support(images, ["road", "car", "sky"]) == {"iou/road": 2, "iou/car": 1, "iou/sky": 0}
