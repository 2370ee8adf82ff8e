"""Metrics of labels, against scikit-learn."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics as sklearn

from jumok.metrics.interval import ResamplableScore
from jumok.metrics.labels import Label, LabelAnswer, label_confusion, label_metrics, membership

N, C = 83, 5
NAMES = [f"class{number}" for number in range(C)]


def drawn(seed: int = 0) -> tuple[list[LabelAnswer], list[list[Label]], np.ndarray]:
    """Probabilities with ties, the right class of each example, and how often each counts."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, C, N)
    probabilities = softmax(random.integers(0, 4, (N, C)) + 1.5 * np.eye(C)[truth], axis=1)
    answers = [LabelAnswer(row, (int(row.argmax()),)) for row in probabilities]
    return answers, [[(int(one),)] for one in truth], random.integers(0, 3, N).astype(float)


def score(
    name: str, answers: list[LabelAnswer], references: list[list[Label]], **kind: bool
) -> ResamplableScore:
    return label_metrics(NAMES, **kind)[name].prepare(answers, references)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("accuracy", sklearn.accuracy_score),
        ("balanced_accuracy", sklearn.balanced_accuracy_score),
        ("f1", lambda *pair, **kind: sklearn.f1_score(*pair, average="macro", **kind)),
        ("f1/class2", lambda *pair, **kind: sklearn.f1_score(*pair, average=None, **kind)[2]),
        ("mae", sklearn.mean_absolute_error),
    ],
)
def test_scores_of_chosen_classes_are_those_of_scikit_learn(name, theirs):
    answers, references, weights = drawn()
    truth, chosen = [one[0][0] for one in references], [one.chosen[0] for one in answers]
    ours = score(name, answers, references, ordered=name == "mae")
    assert ours(np.ones(N)) == pytest.approx(theirs(truth, chosen))
    assert ours(weights) == pytest.approx(theirs(truth, chosen, sample_weight=weights))


def test_log_loss_and_area_are_those_of_scikit_learn():
    answers, references, weights = drawn()
    truth, probabilities = [one[0][0] for one in references], np.array([one.probabilities for one in answers])
    loss = score("log_loss", answers, references)
    assert loss(weights) == pytest.approx(sklearn.log_loss(truth, probabilities, sample_weight=weights))
    area = score("auroc", answers, references)
    one_against_rest = [
        sklearn.roc_auc_score(np.array(truth) == n, probabilities[:, n], sample_weight=weights)
        for n in range(C)
    ]
    assert area(weights) == pytest.approx(np.mean(one_against_rest))
    assert area(np.ones(N)) == pytest.approx(sklearn.roc_auc_score(truth, probabilities, multi_class="ovr"))


def test_several_labels_are_scored_as_by_scikit_learn():
    random = np.random.default_rng(1)
    right = random.random((N, C)) < 0.4
    probabilities = np.clip(right * 0.4 + random.random((N, C)) * 0.6, 0.01, 0.99)
    chosen = probabilities >= 0.5
    answers = [
        LabelAnswer(p, tuple(np.flatnonzero(c).tolist())) for p, c in zip(probabilities, chosen, strict=True)
    ]
    references = [[tuple(np.flatnonzero(row).tolist())] for row in right]
    weights = random.integers(0, 3, N).astype(float)
    theirs = {
        "accuracy": sklearn.accuracy_score(right, chosen, sample_weight=weights),
        "f1": sklearn.f1_score(right, chosen, average="macro", sample_weight=weights),
        "auroc": sklearn.roc_auc_score(right, probabilities, average="macro", sample_weight=weights),
        "log_loss": np.mean(
            [sklearn.log_loss(right[:, n], probabilities[:, n], sample_weight=weights) for n in range(C)]
        ),
    }
    for name, expected in theirs.items():
        assert score(name, answers, references, several=True)(weights) == pytest.approx(expected), name
    assert "balanced_accuracy" not in label_metrics(NAMES, several=True)


def test_calibration_error_is_the_gap_of_confidence_and_truth():
    """By hand: nine of ten answers of confidence 0.8 are right, one of two of confidence 0.6."""
    sure, unsure = LabelAnswer(np.array([0.8, 0.2]), (0,)), LabelAnswer(np.array([0.4, 0.6]), (1,))
    answers = [sure] * 10 + [unsure] * 2
    references: list[list[Label]] = [[(0,)]] * 9 + [[(1,)]] * 2 + [[(0,)]]
    metric = label_metrics(["a", "b"])["ece"]
    assert metric.prepare(answers, references)(np.ones(12)) == pytest.approx((10 * 0.1 + 2 * 0.1) / 12)
    assert metric.prepare(answers, references)(np.array([0.0] * 10 + [1.0, 0.0])) == pytest.approx(0.4)


def test_confusion_has_the_truth_in_rows():
    answers, references, _ = drawn()
    truth, chosen = [one[0][0] for one in references], [one.chosen[0] for one in answers]
    expected = sklearn.confusion_matrix(truth, chosen, labels=range(C))
    assert np.array_equal(label_confusion(answers, references, C), expected)


def test_any_of_several_right_answers_is_right():
    answer = LabelAnswer(np.array([0.1, 0.7, 0.2, 0, 0]), (1,))
    for references, accuracy in (([(0,), (1,)], 1.0), ([(0,), (2,)], 0.0)):
        assert score("accuracy", [answer], [references])(np.ones(1)) == accuracy


def test_a_class_that_does_not_occur_has_no_score():
    answers = [LabelAnswer(np.eye(3)[0], (0,)), LabelAnswer(np.eye(3)[1], (1,))]
    metrics = label_metrics(["a", "b", "c"])
    of = {name: one.prepare(answers, [[(0,)], [(1,)]])(np.ones(2)) for name, one in metrics.items()}
    assert np.isnan(of["f1/c"])
    assert of["f1"] == of["balanced_accuracy"] == of["auroc"] == 1.0


def test_nothing_chosen_is_wrong():
    answers = [LabelAnswer(np.zeros(C), ())]
    assert score("accuracy", answers, [[(1,)]])(np.ones(1)) == 0.0
    assert membership([()], C).sum() == 0


def test_the_area_of_many_classes_is_that_of_scikit_learn():
    """With ties, classes without examples, and weights that leave classes out."""
    random = np.random.default_rng(3)
    n, classes = 400, 230
    truth = random.integers(0, classes - 20, n)
    probabilities = random.integers(0, 12, (n, classes)) / 12.0
    probabilities[np.arange(n), truth] += 0.2
    answers = [LabelAnswer(row, (int(row.argmax()),)) for row in probabilities]
    references: list[list[Label]] = [[(int(one),)] for one in truth]
    area = label_metrics([str(one) for one in range(classes)])["auroc"].prepare(answers, references)
    for weights in (np.ones(n), random.integers(0, 3, n).astype(float)):
        there = np.unique(truth[weights > 0])
        theirs = [
            sklearn.roc_auc_score(truth == one, probabilities[:, one], sample_weight=weights) for one in there
        ]
        assert area(weights) == pytest.approx(np.mean(theirs), rel=1e-12)
