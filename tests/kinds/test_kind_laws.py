"""Laws that hold for every kind of input and output, whatever it reads or answers."""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from jumok.baselines.protocol import TrainingAnswers
from jumok.dataset.prepare import Prepared, prepare
from jumok.dataset.split import Split
from jumok.errors import DataError
from jumok.evaluation.baseline_inputs import SplitFeatures, SplitInputs, TimeLimit
from jumok.evaluation.mistakes.rating import mistake_finders, rate_split
from jumok.evaluation.mistakes.suspicions import disagreements
from jumok.experiment import Experiment, read_experiment
from jumok.kinds import catalogue
from jumok.metrics.metric import Metric
from jumok.model import EncoderDecoder
from jumok.predictor import Predictor, load
from jumok.training.loss import batch_losses
from jumok.values import Prediction
from made_once import trained_once
from small_clips import trained_clips
from small_experiments import small_experiment, write_words
from small_forecasts import trained_forecast
from small_images import OUTPUTS, trained
from small_labels import LABEL_TASKS, trained_labels
from small_series import trained_series

TASKS = ["words", "series", "frames", "forecast", *OUTPUTS, *LABEL_TASKS]
ANNOTATED = [task for task in TASKS if task != "forecast"]  # by people, who make mistakes
RATED = 8  # examples


class Learned(NamedTuple):
    """A small model that has learned something, with the data that it did not learn from."""

    predictor: Predictor
    prepared: Prepared
    experiment: Experiment

    @property
    def model(self) -> EncoderDecoder:
        return self.predictor.model

    @property
    def test(self) -> Split:
        return self.prepared.splits["test"]


def copied_words(folder: Path) -> Experiment:
    write_words(folder, longest=4, reverse=False)
    return small_experiment(folder, "training.steps=150", "training.evaluate_every=150", "model.width=32")


def folder_of(task: str) -> Path:
    """A folder with the data and the run of a task."""
    if task == "words":
        return trained_once("copied-words", copied_words)
    others = {"series": trained_series, "frames": trained_clips, "forecast": trained_forecast}
    if task in others:
        return others[task]()
    return trained_labels(task) if task in LABEL_TASKS else trained(task)


@pytest.fixture(scope="module")
def learned() -> Callable[[str], Learned]:
    @cache
    def learned(task: str) -> Learned:
        folder = folder_of(task)
        predictor, experiment = load(folder / "run"), read_experiment(folder / "run" / "config.yaml")
        predictor.model.eval()
        return Learned(predictor, prepare(experiment, lambda _: None, predictor.fields), experiment)

    return learned


def only(kinds: Any) -> Any:
    (kind,) = kinds.values()
    return kind


def best(metric: Metric[Any, Any]) -> float:
    """The best that a metric can be; BLEU and chrF are told in percent."""
    return metric.limits[1] if metric.higher_is_better else metric.limits[0]


def score(metric: Metric[Any, Any], found: list[Any], right: list[Any]) -> float:
    return metric.prepare(found, right)(np.ones(len(found)))


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, arrays and tensors in them, too."""
    if isinstance(one, Tensor):
        return np.array_equal(one.numpy(), other.numpy(), equal_nan=one.is_floating_point())
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
    if hasattr(one, "__dict__"):
        return same(vars(one), vars(other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, Sequence) and not isinstance(one, str):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def reference(task: Learned, example: int) -> list[str]:
    return [task.test.text(only(task.prepared.outputs).name, example)]


@pytest.mark.parametrize("task", TASKS)
def test_right_answers_have_the_best_score(learned, task):
    split = learned(task).test
    output = only(split.outputs)
    texts = [reference(learned(task), example) for example in range(len(split))]
    right = [output.scoring.reference(one, split.root) for one in texts]
    found = [output.scoring.prediction(output.codec.from_cells(one, split.root)[0]) for one in texts]
    named = set(output.scoring.headline(right))
    for name, metric in output.scoring.metrics().items():
        value = score(metric, found, right)
        if name in named:  # others may be about classes or sizes that these examples do not have
            assert value == pytest.approx(best(metric)), name


@pytest.mark.parametrize("task", TASKS)
def test_a_wrong_answer_has_a_worse_score(learned, task):
    split = learned(task).test
    output = only(split.outputs)
    texts = [reference(learned(task), example) for example in range(len(split))]
    right = [output.scoring.reference(one, split.root) for one in texts]
    shifted = [
        output.scoring.prediction(output.codec.from_cells(one, split.root)[0])
        for one in (*texts[1:], texts[0])
    ]
    if task == "mask":  # the mask of another image has another size
        shifted = [np.zeros_like(one) for one in right]
    metric = output.scoring.selection_metric()
    assert (score(metric, shifted, right) < best(metric)) == metric.higher_is_better


@pytest.mark.parametrize("task", TASKS)
def test_a_row_of_the_table_is_read_like_a_value_by_hand(learned, task):
    split = learned(task).test
    for name, field in split.inputs.items():
        for example in range(4):
            by_hand = field.codec.encode(
                [field.codec.parse(field.codec.parse_cell(split.text(name, example), split.root))]
            )[0]
            assert same(split.columns[name][int(split.rows[example])], by_hand)


@pytest.mark.parametrize("task", TASKS)
def test_an_answer_survives_the_way_through_json(learned, task):
    output = only(learned(task).predictor.outputs)
    split = learned(task).test
    values = [split.value(only(split.inputs).name, example) for example in range(4)]
    for prediction in learned(task).predictor.predict(values):
        value = prediction[output.name]
        packed = json.loads(json.dumps(output.codec.pack(value)))
        back = output.codec.unpack(packed)
        assert same(output.scoring.prediction(back), output.scoring.prediction(value))
        assert same(output.codec.pack(back), output.codec.pack(value))


@pytest.mark.parametrize("task", TASKS)
def test_saved_and_loaded_it_is_the_same(learned, task, tmp_path):
    experiment, fields = learned(task).experiment, learned(task).prepared.fields
    parts = {**learned(task).model.encoders, **learned(task).model.decoders}
    for name, field in fields.all.items():
        field.codec.save(tmp_path, parts[name])
    data = experiment.data
    again = catalogue.load_fields(
        experiment.inputs, experiment.outputs, data.tokens, data.max_tokens, tmp_path
    )
    for name, field in fields.all.items():
        assert again.all[name].codec.digest == field.codec.digest
        assert again.all[name].summary == field.summary


@pytest.mark.parametrize("task", TASKS)
def test_the_right_answer_has_a_lower_loss_than_others(learned, task):
    """A model that has learned something holds what is right for likelier than what is right for other examples."""
    split = learned(task).test
    examples = same_size(split)
    output = only(split.outputs)
    items = [split.columns[output.name][int(split.rows[example])] for example in examples]
    own = losses(learned(task), examples, items)
    other = losses(learned(task), examples, [*items[1:], items[0]])
    assert sum(own) < sum(other)
    assert np.mean(np.array(own) <= np.array(other)) >= 0.75


@pytest.mark.parametrize("task", TASKS)
def test_a_batch_equals_its_rows(learned, task):
    predictor, split = learned(task).predictor, learned(task).test
    output, source = only(predictor.outputs), only(predictor.inputs)
    values = [split.value(source.name, example) for example in range(len(split))]
    together = [output.scoring.prediction(one[output.name]) for one in predictor.predict(values)]
    alone = [output.scoring.prediction(predictor.predict([value])[0][output.name]) for value in values]
    metric = output.scoring.selection_metric()
    right = [
        output.scoring.reference(reference(learned(task), example), split.root)
        for example in range(len(split))
    ]
    assert score(metric, together, right) == pytest.approx(score(metric, alone, right), abs=1e-3)
    if task in ("words", "series", "frames", "text", "mask"):  # others have scores, which differ by rounding
        assert np.mean([same(one, other) for one, other in zip(together, alone, strict=True)]) > 0.9


@pytest.mark.parametrize("task", TASKS)
def test_a_loss_counts_what_it_is_the_sum_of(learned, task):
    split, model = learned(task).test, learned(task).model
    output = only(split.outputs)
    examples = same_size(split)
    with torch.no_grad():
        whole = batch_losses(model, split, split.batch(examples), 0.0)[output.name]
        rows = [batch_losses(model, split, split.batch([example]), 0.0)[output.name] for example in examples]
    assert whole.count == sum(row.count for row in rows)
    assert whole.count == split.target_counts(np.array(examples))[output.name]
    if output.loss_unit == "token":  # those of boxes and masks are divided by what is in the whole batch
        assert float(whole.total) == pytest.approx(sum(float(row.total) for row in rows), rel=1e-4)


@pytest.mark.parametrize("task", TASKS)
def test_an_empty_input_has_an_honest_answer_or_is_refused(learned, task):
    predictor = learned(task).predictor
    source, output = only(predictor.inputs), only(predictor.outputs)
    for empty in ("", "   "):
        try:
            accepted = source.codec.parse(empty)
        except DataError as refused:
            assert source.name in str(refused) and "must be" in str(refused)
            continue
        assert source.codec.is_empty(accepted)
        (answer,) = predictor.predict([empty])
        assert same(
            output.scoring.prediction(answer[output.name]),
            output.scoring.prediction(output.head.empty_prediction),
        )


def same_size(split: Split) -> list[int]:
    """Eight examples that stand side by side without padding, where that would matter."""
    source = only(split.inputs)
    if source.batching.group is None:
        return list(range(8))
    keys = source.batching.group(split.columns[source.name])[split.rows]
    values, counts = np.unique(keys, return_counts=True)
    chosen = np.flatnonzero(keys == values[counts.argmax()])[:8].tolist()
    assert len(chosen) >= 3
    return chosen


def losses(task: Learned, examples: Sequence[int], items: Sequence[Any]) -> list[float]:
    """The loss of what the model makes of each example against the item beside it, over what it is the sum of."""
    output = only(task.prepared.outputs)
    found = []
    with torch.no_grad():
        for example, item in zip(examples, items, strict=True):
            memories = task.model.encode(task.test.batch([example]).inputs)
            arranged = output.codec.collate([item])
            loss = output.head.loss(task.model.decoders[output.name], memories, arranged, 0.0)
            found.append(float(loss.total) / loss.count)
    return found


def inputs_of(split: Split, examples: Sequence[int]) -> SplitInputs:
    """Some examples as baselines read them."""
    limit = TimeLimit(60.0)
    return SplitInputs(split, examples, SplitFeatures(split, limit, {}), limit)


@pytest.mark.parametrize("task", TASKS)
def test_baselines_answer_each_example_by_itself(learned, task):
    """Fitted again they answer the same, and an answer does not depend on what else is asked."""
    train, split = learned(task).prepared.splits["train"], learned(task).test
    output, some = only(split.outputs), range(6)
    examples = range(len(train))
    answers = TrainingAnswers([train.text(output.name, example) for example in examples], train.root)
    metric = output.scoring.selection_metric()
    right = [output.scoring.reference(reference(learned(task), example), split.root) for example in some]
    assert output.baselines
    for baseline in output.baselines:
        fitted, again = (baseline.fit(inputs_of(train, examples), answers) for _ in range(2))
        together = fitted(inputs_of(split, some))
        assert same(
            [*map(output.codec.pack, together)], [*map(output.codec.pack, again(inputs_of(split, some)))]
        )
        alone = [fitted(inputs_of(split, [example]))[0] for example in some]
        scores = [
            score(metric, [output.scoring.prediction(one) for one in each], right)
            for each in (together, alone)
        ]
        assert scores[0] == pytest.approx(scores[1], rel=1e-6, nan_ok=True), baseline.name


@pytest.mark.parametrize("task", TASKS)
def test_summary_features_are_as_many_for_each_value(learned, task):
    split = learned(task).test
    field = only(split.inputs)
    assert field.summary_features is not None
    rows = [field.summary_features(split.value(field.name, example)) for example in range(4)]
    assert len({row.shape for row in rows}) == 1 and rows[0].ndim == 1
    assert np.isfinite(rows).all() and np.unique(rows, axis=0).shape[0] > 1


@pytest.mark.parametrize("task", TASKS)
def test_an_input_that_is_a_canvas_knows_its_size_before_its_pixels(learned, task):
    split = learned(task).test
    field = only(split.inputs)
    if field.canvas is not None:
        value = split.value(field.name, 0)
        assert field.canvas.size(value) == tuple(field.canvas.pixels(value).shape[1:])


@pytest.mark.parametrize("task", ANNOTATED)
def test_mistakes_are_the_same_in_any_order_and_batch(learned, task):
    predictor, split = learned(task).predictor, learned(task).test
    finder = only(mistake_finders(predictor))
    whole = rate_split(predictor, split, range(RATED))
    alone = [rate_split(predictor, split, [i])[0] for i in reversed(range(RATED))][::-1]
    (name,) = split.outputs
    for one, other in zip(whole, alone, strict=True):
        found, again = finder.find(one[name]), finder.find(other[name])
        assert [(a.kind, a.box) for a in found] == [(b.kind, b.box) for b in again]
        assert [a.score for a in found] == pytest.approx([b.score for b in again], abs=1e-3)
        assert all(0 <= a.score <= 1 and a.en and a.ko for a in found)
    order = list(reversed(range(RATED)))
    mixed = disagreements([whole[i] for i in order], {name: finder})
    back = sorted((order[i], what.score, what.en) for i, _, what in mixed)
    assert back == sorted((i, what.score, what.en) for i, _, what in disagreements(whole, {name: finder}))


@pytest.mark.parametrize(
    "task", [task for task in ANNOTATED if task != "mask"]
)  # whose pixels are rated anew
def test_an_annotation_that_the_model_answers_is_no_mistake(learned, task):
    predictor, split = learned(task).predictor, learned(task).test
    output = only(split.outputs)
    texts = [reference(learned(task), example) for example in range(RATED)]
    right = [Prediction({output.name: output.codec.from_cells(one, split.root)[0]}) for one in texts]
    rated = rate_split(predictor, split, range(RATED), right)
    assert disagreements(rated, mistake_finders(predictor)) == []
