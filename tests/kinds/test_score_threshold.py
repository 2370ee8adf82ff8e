"""What is told of boxes: each object once, from the score on that gives the best F1."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jumok.errors import RunError
from jumok.geometry import containment
from jumok.kinds.boxes.showing import (
    MIN_TUNING_OBJECTS,
    NESTED,
    Showing,
    best_showing,
    hidden_boxes,
    hide_nested,
    read_showing,
    write_showing,
)
from jumok.metrics import FoundBoxes, TrueBoxes, box_metrics, class_counts
from jumok.metrics.boxes import best_threshold, between

few = settings(max_examples=30, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)
NAMES = ("cell", "dot")
OUTER, INNER, BESIDE = [0, 0, 10, 10], [1, 1, 5, 5], [20, 20, 30, 30]


def boxes(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64).reshape(-1, 4)


def test_how_much_of_the_smaller_box_lies_in_the_other() -> None:
    found = containment(boxes(OUTER, INNER, BESIDE), boxes(OUTER, [8, 8, 12, 12]))
    assert found.tolist() == [[1.0, 0.25], [1.0, 0.0], [0.0, 0.0]]
    assert containment(boxes([1, 1, 1, 5]), boxes(OUTER)).tolist() == [[0.0]]
    assert containment(boxes(), boxes(OUTER)).shape == (0, 1)


@pytest.mark.parametrize("nested", [None, NESTED])
def test_a_box_within_a_surer_one_of_its_class_is_told_where_that_is_the_rule(nested: float | None) -> None:
    three = boxes(OUTER, INNER, BESIDE)
    assert hidden_boxes(three, torch.tensor([0, 0, 0]), nested).tolist() == [False, nested is not None, False]
    assert not hidden_boxes(three, torch.tensor([0, 1, 0]), nested).any()
    again = boxes(OUTER, [0, 0, 10, 9])  # nearly the same, of any class
    assert hidden_boxes(again, torch.tensor([0, 1]), nested).tolist() == [False, True]
    assert hidden_boxes(boxes(), torch.tensor([]), nested).tolist() == []


def test_what_is_hidden_hides_nothing() -> None:
    """A box over two cells, less sure than the one: the other cell stays."""
    both, left, right = [0, 0, 20, 10], [0, 0, 9, 10], [11, 0, 20, 10]
    hidden = hidden_boxes(boxes(left, both, right), torch.tensor([0, 0, 0]), NESTED)
    assert hidden.tolist() == [False, True, False]


def made(seed: int, images: int, parts: float) -> tuple[list[FoundBoxes], list[TrueBoxes]]:
    """Cells in rows; most are found, some twice by a part of them, and others where nothing is."""
    random = np.random.default_rng(seed)
    found, true = [], []
    for _ in range(images):
        number = int(random.integers(1, 6))
        corners = np.stack((np.arange(number) * 40.0, np.zeros(number)), 1)
        right = np.concatenate((corners, corners + 30), 1)
        inner = right[random.random(number) < parts] + [3, 3, -8, -8]
        wrong = random.uniform(200, 400, (int(random.integers(0, 5)), 2))
        wrong = np.concatenate((wrong, wrong + 30), 1)
        every = np.concatenate((right + random.normal(0, 1, right.shape), inner, wrong))
        scores = np.concatenate(
            [
                random.beta(*shape, len(part))
                for shape, part in (((6, 4), right), ((3, 6), inner), ((2, 8), wrong))
            ]
        )
        found.append(FoundBoxes(every, scores, np.zeros(len(every), dtype=np.int64)))
        zeros = np.zeros(number, dtype=bool)
        true.append(TrueBoxes(right, np.zeros(number, dtype=np.int64), zeros, zeros, np.full(number, 900.0)))
    return found, true


def f1(found: list[FoundBoxes], true: list[TrueBoxes], sure: float) -> float:
    return box_metrics(NAMES, sure)["F1@50"].prepare(found, true)(np.ones(len(found)))


@few
@given(seed=seeds, images=st.integers(1, 12))
def test_no_score_has_a_better_f1_than_the_one_chosen(seed: int, images: int) -> None:
    found, true = made(seed, images, 0.5)
    best = best_threshold(found, true, len(NAMES))
    assert best is not None and best[1] == pytest.approx(f1(found, true, best[0]))
    for score in np.concatenate([one.scores for one in found]):
        assert f1(found, true, float(score)) <= best[1] + 1e-12


def test_the_choice_beats_the_usual_score_and_leaves_the_ranking_alone() -> None:
    found, true = made(3, 40, 0.9)
    chosen = best_showing(found, true, len(NAMES))
    assert chosen is not None and chosen.nested == NESTED
    told = [hide_nested(one, chosen.nested) for one in found]
    assert (
        f1(told, true, chosen.threshold) == pytest.approx(chosen.f1)
        and chosen.f1 > f1(found, true, 0.3) + 0.05
    )
    for name in ("AP", "AP50", "AR"):
        plain, hiding = (box_metrics(NAMES)[name].prepare(one, true)(np.ones(40)) for one in (found, told))
        assert plain == hiding
    counts = class_counts(told, true, NAMES, chosen.threshold)[0]
    assert 2 * counts.right / (2 * counts.right + counts.wrong + counts.missed) == pytest.approx(chosen.f1)


def test_objects_that_do_lie_in_each_other_are_all_told() -> None:
    rows = np.array([OUTER, INNER], dtype=np.float64)
    flags, labels = np.zeros(2, dtype=bool), np.zeros(2, dtype=np.int64)
    true = [TrueBoxes(rows, labels, flags, flags, np.array([100.0, 16.0]))] * MIN_TUNING_OBJECTS
    found = [FoundBoxes(rows, np.array([0.9, 0.2]), labels)] * MIN_TUNING_OBJECTS
    chosen = best_showing(found, true, 1)
    assert chosen is not None and chosen.nested is None and chosen.f1 == 1 and 0.05 < chosen.threshold <= 0.2


def test_where_too_little_is_known_nothing_is_chosen() -> None:
    found, true = made(0, 2, 0.0)
    assert best_showing(found[:1], true[:1], 1) is None
    nothing = [FoundBoxes(np.zeros((0, 4)), np.zeros(0), np.zeros(0, dtype=np.int64))]
    assert best_threshold(nothing, true[:1], 1) is None
    found, true = made(0, 30, 0.0)
    assert best_showing([nothing[0]] * 30, true, 1) is None


def test_a_number_between_has_few_digits() -> None:
    assert between(0.1, 0.2) == 0.15 and between(0.2012, 0.2018) == 0.2015
    assert between(0.25, 0.25 + 1e-12) == 0.25 + 1e-12


def test_the_choice_is_kept_and_older_models_have_none(tmp_path) -> None:
    file = tmp_path / "cells.showing.json"
    assert read_showing(file) == Showing(0.3, None, None)
    write_showing(file, Showing(0.21, 0.9, 0.67))
    assert read_showing(file) == Showing(0.21, 0.9, 0.67)
    for text in ("", "[]", json.dumps({"threshold": "x", "nested": None, "f1": None}), "\xff"):
        file.write_text(text, encoding="latin-1")
        with pytest.raises(RunError, match=r"cells\.showing\.json cannot be read"):
            read_showing(file)
