"""Annotated boxes beside predicted ones: agreement is no mistake, and each kind of mistake is told as what it is."""

import numpy as np
import pytest

from jumok.metrics.matching import FoundBoxes, TrueBoxes
from jumok.metrics.mistakes.box_habits import BoxHabits, ScoreHabit
from jumok.metrics.mistakes.box_measuring import measure_habits, rate_by_score
from jumok.metrics.mistakes.boxes import box_disagreements

NAMES = ("cat", "dog")
CAT, DOG = 0, 1
OBJECTS = [((10, 10, 40, 40), CAT), ((100, 20, 160, 70), DOG), ((20, 100, 60, 150), CAT)]


def found(objects, scores=None, hidden=None):
    boxes = np.array([box for box, _ in objects], dtype=float).reshape(-1, 4)
    labels = np.array([label for _, label in objects], dtype=np.int64)
    return FoundBoxes(boxes, np.array(scores or [0.9] * len(objects)), labels, hidden)


def true(objects, crowd=(), ignored=()):
    boxes = np.array([box for box, _ in objects], dtype=float).reshape(-1, 4)
    labels = np.array([label for _, label in objects], dtype=np.int64)
    flags = [np.array([i in some for i in range(len(objects))], dtype=bool) for some in (crowd, ignored)]
    return TrueBoxes(boxes, labels, *flags, np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))


def kinds(predicted, annotated):
    return [one.kind for one in box_disagreements(found(predicted), true(annotated), NAMES)]


def test_agreement_is_no_disagreement():
    assert box_disagreements(found(OBJECTS), true(OBJECTS), NAMES) == []
    assert box_disagreements(found([]), true([]), NAMES) == []


def test_each_mistake_is_told_as_what_it_is():
    shifted = [((22, 18, 52, 48), CAT), *OBJECTS[1:]]
    renamed = [(OBJECTS[0][0], DOG), *OBJECTS[1:]]
    extra = [*OBJECTS, ((180, 100, 230, 140), DOG)]
    twice = [*OBJECTS, ((11, 10, 40, 41), CAT)]
    for annotated, kind, place in (
        (OBJECTS[1:], "missed", OBJECTS[0][0]),
        (shifted, "misplaced", shifted[0][0]),
        (renamed, "wrong_class", OBJECTS[0][0]),
        (extra, "spurious", extra[-1][0]),
    ):
        (one,) = box_disagreements(found(OBJECTS), true(annotated), NAMES)
        assert (one.kind, one.box) == (kind, place)
        assert 0.5 < one.score <= 1
    (one,) = box_disagreements(found(OBJECTS), true(twice), NAMES)
    assert one.kind == "duplicate" and "twice" in one.en and "두 번" in one.ko


def test_sentences_name_class_and_place_in_both_languages():
    (one,) = box_disagreements(found(OBJECTS), true([(OBJECTS[0][0], DOG), *OBJECTS[1:]]), NAMES)
    assert (one.given, one.predicted) == ("dog", "cat")
    for sentence in (one.en, one.ko):
        assert "cat" in sentence and "dog" in sentence and "x 10–40, y 10–40" in sentence


def test_the_order_of_boxes_does_not_matter():
    rng = np.random.default_rng(1)
    boxes = rng.uniform(0, 150, (12, 2))
    sizes = rng.uniform(10, 50, (12, 2))
    objects = [
        (tuple(map(float, (*a, *(a + b)))), int(rng.integers(2))) for a, b in zip(boxes, sizes, strict=True)
    ]
    scores = rng.uniform(0.1, 1, 8).tolist()
    plain = box_disagreements(found(objects[:8], scores), true(objects[4:]), NAMES)
    order = rng.permutation(8)
    mixed = box_disagreements(
        found([objects[i] for i in order], [scores[i] for i in order]), true(objects[4:][::-1]), NAMES
    )
    assert [one.score for one in plain] == pytest.approx([one.score for one in mixed])
    assert sorted(one.en for one in plain) == sorted(one.en for one in mixed)
    assert [one.score for one in plain] == sorted((one.score for one in plain), reverse=True)


def test_a_surer_model_is_a_larger_doubt():
    doubts = [
        box_disagreements(found(OBJECTS, [score, 0.9, 0.9]), true(OBJECTS[1:]), NAMES)[0].score
        for score in (0.2, 0.5, 0.99)
    ]
    assert doubts == sorted(doubts) and doubts[0] < doubts[-1]


def test_groups_and_difficult_objects_are_not_doubted():
    crowd = [((0, 0, 70, 160), CAT), OBJECTS[1]]
    assert box_disagreements(found(OBJECTS), true(crowd, crowd={0}), NAMES) == []
    assert box_disagreements(found(OBJECTS[1:]), true(OBJECTS, ignored={0}), NAMES) == []


def test_duplicates_of_a_prediction_are_no_missing_objects():
    doubled = [*OBJECTS, ((12, 11, 41, 42), CAT)]
    hidden = np.array([False, False, False, True])
    assert box_disagreements(found(doubled, hidden=hidden), true(OBJECTS), NAMES) == []


def test_habits_weaken_what_the_model_is_often_wrong_about():
    often_wrong = ScoreHabit(np.array([0.0, 1.0]), np.array([0.0, 0.5]))
    habits = BoxHabits((often_wrong, often_wrong), np.array([0.8, 0.8]), np.array([0.5, 0.5]))
    for predicted, annotated in ((OBJECTS, OBJECTS[1:]), (OBJECTS[1:], OBJECTS)):
        (plain,) = box_disagreements(found(predicted), true(annotated), NAMES)
        (weaker,) = box_disagreements(found(predicted), true(annotated), NAMES, habits)
        assert weaker.score == pytest.approx(plain.score / 2)


def test_habits_are_measured():
    half = [found(OBJECTS, [0.9, 0.9, 0.2])] * 30
    habits = measure_habits(half, [true(OBJECTS[:2])] * 30, 2)
    assert habits.chances(np.array([0.9, 0.2]), np.array([CAT, CAT])) == pytest.approx(
        [30 / 31, 0.0], abs=0.02
    )
    assert habits.recall(np.array([CAT, DOG])) == pytest.approx([1, 1])
    assert habits.usual_overlap(np.array([CAT])) == pytest.approx([1])


def test_the_share_of_right_predictions_never_falls_with_the_score():
    rng = np.random.default_rng(2)
    scores = rng.uniform(size=200)
    right = (rng.uniform(size=200) < scores).astype(float)
    habit = rate_by_score(scores, right, np.ones(200, dtype=bool))
    chances = habit.chances(np.linspace(0, 1, 50))
    assert (np.diff(chances) >= 0).all() and chances[0] >= 0 and chances[-1] < 1
    assert habit.chances(np.array([0.1, 0.9])) == pytest.approx([0.1, 0.9], abs=0.2)


def test_planted_mistakes_of_a_perfect_model_come_first():
    rng = np.random.default_rng(3)
    images = []
    for _ in range(40):
        spots = rng.permutation(9)[:4]
        images.append(
            [
                ((70 * (s % 3), 70 * (s // 3), 70 * (s % 3) + 50, 70 * (s // 3) + 50), int(rng.integers(2)))
                for s in spots
            ]
        )
    annotated = [list(objects) for objects in images]
    del annotated[3][0]
    annotated[11][1] = (annotated[11][1][0], 1 - annotated[11][1][1])
    (x1, y1, x2, y2), label = annotated[20][2]
    annotated[20][2] = ((x1 + 15, y1 + 15, x2 + 15, y2 + 15), label)
    annotated[30].append(((215, 215, 260, 260), CAT))
    predictions = [found(objects, rng.uniform(0.6, 0.95, 4).tolist()) for objects in images]
    references = [true(objects) for objects in annotated]
    habits = measure_habits(predictions, references, 2)
    ranking = sorted(
        (
            (one.score, i, one.kind)
            for i, pair in enumerate(zip(predictions, references, strict=True))
            for one in box_disagreements(*pair, NAMES, habits)
        ),
        reverse=True,
    )
    assert {(i, kind) for _, i, kind in ranking[:4]} == {
        (3, "missed"),
        (11, "wrong_class"),
        (20, "misplaced"),
        (30, "spurious"),
    }
