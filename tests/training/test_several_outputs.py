"""Several outputs: the joint loss, the score that chooses, and everything that is told of them."""

import json

import pytest
import torch
from torch.testing import assert_close

from jumok.dataset import prepare
from jumok.errors import ConfigurationError
from jumok.evaluation.record import read_analysis, read_evaluation
from jumok.evaluation.runs import evaluate
from jumok.inspection.inspect import inspect_input
from jumok.kinds.catalogue import build_model
from jumok.predictor import load
from jumok.training.loss import batch_losses, joint_loss
from run_contents import log_of
from several_outputs import boxes_mask_and_text, trained, two_texts

OUTPUTS = {"texts": ("target", "twice"), "images": ("blocks", "paint", "queries", "colours")}
SELECTED = {"texts": "twice.token_accuracy", "images": "paint.mean_iou"}
FIRST = {"texts": "abc", "images": "images/test00.png"}


@pytest.fixture(scope="module", params=OUTPUTS)
def task(request):
    return request.param


@pytest.fixture
def run(task):
    return trained(task) / "run"


def first_input(task: str) -> str:
    return FIRST[task] if task == "texts" else str(trained(task) / FIRST[task])


def weights_of(split) -> dict[str, float]:
    return {name: field.loss_weight for name, field in split.outputs.items()}


def gradients(model, split, batches, counts):
    """The gradients of the joint loss of some batches, whose losses are divided by these counts."""
    model.zero_grad()
    for rows in batches:
        losses = batch_losses(model, split, split.batch(rows), 0.1)
        joint_loss(weights_of(split), {name: loss.total for name, loss in losses.items()}, counts).backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


def test_accumulated_batches_have_the_gradient_of_one(tmp_path):
    experiment = two_texts(tmp_path)
    split = prepare(experiment, str).splits["train"]
    model, rows = build_model(split.fields, experiment.model).double(), list(range(24))
    counts = split.target_counts(rows)
    assert counts["twice"] > counts["target"] > len(rows)
    whole = gradients(model, split, [rows], counts)
    parts = gradients(model, split, [rows[:5], rows[5:17], rows[17:]], counts)
    assert whole.keys() == parts.keys() == dict(model.named_parameters()).keys()
    for name in whole:
        assert_close(parts[name], whole[name], rtol=1e-6, atol=1e-9)


def test_a_joint_loss_is_the_weighted_sum_of_means(tmp_path):
    experiment = two_texts(tmp_path)
    split = prepare(experiment, str).splits["train"]
    totals = {"target": torch.tensor(30.0), "twice": torch.tensor(90.0)}
    assert float(joint_loss(weights_of(split), totals, {"target": 10, "twice": 45})) == 3.0 + 0.5 * 2.0
    assert float(joint_loss({"target": 1.0}, totals, {"target": 7})) == float(torch.tensor(30.0) / 7)


def test_marks_of_each_output_follow_their_image(tmp_path):
    split = prepare(boxes_mask_and_text(tmp_path), str).splits["train"]
    batch = split.batch(list(range(8)))
    blocks, queries, paint = (batch.outputs[name] for name in ("blocks", "queries", "paint"))
    assert torch.equal(blocks.boxes, queries.boxes) and torch.equal(blocks.labels, queries.labels)
    drawn = ("blocks", "queries", "paint")
    names = {name: [one.name for one in split.outputs[name].classes.classes] for name in drawn}
    assert names == {
        "blocks": ["red", "blue"],
        "queries": ["red", "blue"],
        "paint": ["background", "red", "blue"],
    }
    for i in range(8):
        colours = [names["blocks"][int(label)] for label in blocks.labels[i][blocks.valid[i]]]
        assert split.text("colours", i) == " ".join(colours)  # both from left to right
        for box, label in zip(blocks.boxes[i], blocks.labels[i][blocks.valid[i]], strict=False):
            x, y = ((box[:2] + box[2:]) / 2).long().tolist()
            assert paint.classes[i, y, x] == label + 1


def test_scores_are_told_by_output(task, run):
    metrics = read_evaluation(run)["metrics"]
    assert {name.partition(".")[0] for name in metrics} == set(OUTPUTS[task])
    analysis = read_analysis(run)
    assert analysis["metric"] == SELECTED[task] in analysis["headline"]
    assert list(analysis["outputs"]) == list(OUTPUTS[task])
    train, valid = log_of(run)[-2:]
    assert SELECTED[task] in valid
    weights = {"twice": 0.5}
    for line in (train, valid):
        means = {name: line[f"{name}.loss"] for name in OUTPUTS[task]}
        assert line["loss"] == pytest.approx(sum(weights.get(n, 1.0) * mean for n, mean in means.items()))
    again = evaluate(run, "test").values()
    assert again == pytest.approx({name: score["value"] for name, score in metrics.items()}, nan_ok=True)


def test_predictions_and_the_report_name_each_output(task, run, jumok):
    lines = [json.loads(line) for line in (run / "predictions.jsonl").read_text().splitlines()]
    assert all(line["right"].keys() == line["outputs"].keys() == set(OUTPUTS[task]) for line in lines)
    page = (run / "report.html").read_text()
    assert all(f"<h2>{name}: scores</h2>" in page for name in OUTPUTS[task])
    said = jumok("predict", run, first_input(task)).output.rstrip("\n").split("\t")
    assert [one.partition(":")[0] for one in said] == list(OUTPUTS[task])
    (answer,) = json.loads(jumok("predict", run, first_input(task), "--json").output)
    assert list(answer["outputs"]) == list(OUTPUTS[task])


def test_each_output_can_be_looked_into(task, run):
    look = inspect_input(load(run), first_input(task), "run")
    assert [one.replay.name for one in look.outputs] == list(OUTPUTS[task])


def test_images_show_all_outputs_and_each_has_a_folder(jumok, tmp_path):
    folder = trained("images")
    jumok("predict", folder / "run", folder / "images" / "test00.png", "--output", tmp_path / "out")
    found = {file.relative_to(tmp_path / "out").as_posix() for file in (tmp_path / "out").rglob("*.*")}
    listed = {f"{name}/{file}.json" for name in OUTPUTS["images"] for file in ("predictions", "images")}
    assert found - {".jumok-written"} == {"test00.jpg", "paint/masks/test00.png", *listed}
    categories = json.loads((tmp_path / "out/blocks/images.json").read_text())["categories"]
    assert categories == [{"id": 7, "name": "red"}, {"id": 8, "name": "blue"}]  # as in the COCO file


@pytest.mark.parametrize(
    ("select", "sentence"),
    [
        (
            "null",
            "there are several outputs; say by training.select which score chooses the best model",
        ),
        ("twice.chrv", "twice has no metric 'chrv'; did you mean 'chrf'?"),
        ("twise.chrf", "there is no score 'twise.chrf'; did you mean 'twice.chrf'?"),
        ("chrf", "there is no score 'chrf'; known are: target.bleu"),
    ],
)
def test_the_score_that_chooses_must_be_known(tmp_path, select, sentence):
    with pytest.raises(ConfigurationError) as refused:
        two_texts(tmp_path, f"training.select={select}")
    assert "training.select" in str(refused.value) and sentence in str(refused.value)
