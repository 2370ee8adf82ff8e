"""Forecasts: windows of a table are learned, answered, drawn and looked into, by every head."""

import json
import re

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from jumok.dataset.prepare import prepare
from jumok.errors import ConfigurationError, DataError
from jumok.evaluation.input_use import measure_inputs
from jumok.experiment import read_experiment
from jumok.inspection.ablation import ablate
from jumok.inspection.inspect import inspect_input
from jumok.kinds import catalogue
from jumok.predictor import load
from jumok.training import train
from jumok.training.loop import Trainer
from jumok.training.reporter import NullReporter
from jumok.training.starting import start_in_closed_form
from run_contents import assert_same_end, log_of
from small_forecasts import (
    HEADS,
    HORIZON,
    LINEAR,
    PAST,
    STEPS,
    forecast_experiment,
    trained_forecast,
    waves,
)

MSE = {
    "flatten": 0.02,
    "attention": 0.4,
    "autoregressive": 0.1,
    "steps": 0.02,
    "seasons": 0.04,
    "ridge": 0.02,
    "recurrent": 0.1,
}  # of noise alone 0.005, of the mean 1.0


class Told(NullReporter):
    """Remembers what was said."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def message(self, message: str) -> None:
        self.sentences.append(message)


@pytest.fixture(scope="module")
def runs():
    return {head: trained_forecast(head) for head in HEADS}


@pytest.mark.parametrize("head", HEADS)
def test_waves_are_learned(runs, head):
    found = json.loads((runs[head] / "run" / "evaluation.json").read_text())
    assert found["examples"] == STEPS - 460 - HORIZON + 1  # every window
    metrics = found["metrics"]
    assert metrics["mse"]["value"] < MSE[head] and metrics["mse"]["low"] < metrics["mse"]["value"]
    assert metrics["mase"]["value"] < 1 and metrics["rmse"]["value"] < 80
    if head == "attention":
        assert 0.6 < metrics["coverage"]["value"] <= 1 and metrics["pinball"]["value"] < 0.3


@pytest.mark.parametrize("head", HEADS)
def test_answers_are_in_the_units_of_the_data(runs, head):
    table = runs[head] / "waves.csv"
    (answer,) = load(runs[head] / "run").predict([f"{table}#470:{470 + PAST}"])
    told = answer["next"].to_json()
    assert told["channels"] == ["high", "low"] and told["steps"] == list(range(1, HORIZON + 1))
    came = waves()[470 + PAST : 470 + PAST + HORIZON]
    error = np.nanmean(np.abs(np.array(told["values"]).T - came), 0)
    assert (error < (80, 0.008)).all()
    for values in told.get("quantiles", {}).values():
        assert np.shape(values) == (2, HORIZON)
    if head == "attention":
        low, middle, high = (np.array(told["quantiles"][level]) for level in ("0.1", "0.5", "0.9"))
        assert (low <= middle).all() and (middle <= high).all() and told["values"] == middle.tolist()


@pytest.mark.parametrize("head", HEADS)
def test_forecasts_are_looked_into(runs, head):
    found = inspect_input(load(runs[head] / "run"), f"{runs[head] / 'waves.csv'}#100:{100 + PAST}")
    document = json.loads(json.dumps(found.to_json()))
    (output,) = document["outputs"]
    assert output["kind"] == "forecast" and len(output["answers"][0]["values"][0]) == HORIZON
    by_use = {one["use"]: one for one in document["attentions"]}
    if head in ("flatten", *LINEAR):
        told = document["note"] or document["nothing"]
        assert "cross" not in by_use and told["reason"] == "linear"
        assert ("the past of each channel" in told["text"]["en"]) == (head in LINEAR)
        return
    patch = HEADS[head]["patch"]
    labels = [f"+{step}" for step in range(1, HORIZON + 1, patch)]
    assert by_use["cross"]["queries"]["labels"] == labels and found.check(0).ok
    assert found.outputs[0].scores[0].shape == (len(labels),)


@pytest.mark.parametrize("head", HEADS)
def test_a_forecast_is_rescored_as_what_it_was(runs, head):
    found = inspect_input(load(runs[head] / "run"), f"{runs[head] / 'waves.csv'}#100:{100 + PAST}")
    assert found.outputs[0].scores[0].abs().max() < 1e-4


def test_the_command_line_writes_json_and_charts(runs, jumok, tmp_path):
    run, table = runs["attention"] / "run", runs["attention"] / "waves.csv"
    cells = [f"{table}#{first}:{first + PAST}" for first in (100, 200)]
    told = json.loads(jumok("predict", run, *cells, "--json").output)
    assert [one["input"] for one in told] == cells and len(told[0]["values"]) == 2
    assert " … " in jumok("predict", run, cells[0]).output
    ended = jumok("predict", run, *cells, "--output", tmp_path / "out")
    assert ended.status == 0 and "2 charts" in ended.talk
    records = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert [one["chart"] for one in records] == ["00001.png", "00002.png"]
    assert records[0]["values"] == told[0]["values"]
    with Image.open(tmp_path / "out" / "00001.png") as chart:
        assert chart.width > 400 and len(np.unique(np.asarray(chart.convert("L")))) > 20
    assert jumok("predict", run, *cells, "--output", tmp_path / "out").status == 0  # its own may be replaced
    (tmp_path / "out" / "00001.png").write_bytes(b"mine")
    assert jumok("predict", run, *cells, "--output", tmp_path / "out").status == 2


def test_the_report_has_charts(runs):
    run = runs["attention"] / "run"
    assert list((run / "examples").glob("*.jpg"))
    assert "data:image/jpeg" in (run / "report.html").read_text(encoding="utf-8")


def test_a_past_of_another_length_is_refused(runs):
    table = runs["flatten"] / "waves.csv"
    with pytest.raises(DataError, match="past has 30 time steps, but this model goes on with 24"):
        load(runs["flatten"] / "run").predict([f"{table}#100:130"])


@pytest.mark.parametrize("head", ["flatten", "attention"])
def test_units_are_of_the_rows_of_train(tmp_path, head):
    experiment = forecast_experiment(tmp_path, head)
    fields = prepare(experiment, lambda _: None, splits=("train",)).fields
    about = fields.outputs["next"].codec.about
    train = waves()[:400]
    np.testing.assert_allclose(about.center, np.nanmean(train, 0), rtol=1e-4)
    np.testing.assert_allclose(about.scale, np.nanstd(train, 0), rtol=1e-4)
    np.testing.assert_allclose(about.naive, np.nanmean(np.abs(np.diff(train, axis=0)), 0), rtol=1e-3)


def test_the_units_of_input_and_output_are_told_apart(tmp_path):
    """The input knows the pasts of train alone; a head that goes on with its values must come out right."""
    prepared = prepare(forecast_experiment(tmp_path), lambda _: None, splits=("train",))
    field = prepared.fields.outputs["next"]
    values = torch.randn(2, HORIZON, 2)
    found = field.head.standardized(field.head.batch_units(values)[..., None])[..., 0]
    torch.testing.assert_close(found, values)
    past, about = field.codec.about.past, field.codec.about
    raw = field.head.batch_units(values).numpy() * past.scale + past.center
    np.testing.assert_allclose(raw, values.numpy() * about.scale + about.center, rtol=1e-4)


def test_covariates_tell_what_the_past_does_not(tmp_path):
    """Values jump at noon and are noise before: only the clock of the steps to come says when."""
    random = np.random.default_rng(0)
    hours = np.arange(500)
    values = 10 * (hours % 24 == 12) + random.normal(0, 0.1, 500)
    dates = np.datetime64("2026-01-01") + hours.astype("timedelta64[h]")
    lines = [f"{date},{value:.4f}" for date, value in zip(dates, values, strict=True)]
    (tmp_path / "noon.csv").write_text("\n".join(["date,a", *lines, ""]))
    source = {"windows": "noon.csv", "past": 4, "calendar": {"clock": ["hour"]}}
    options = {
        "inputs": {
            "past": {"kind": "series", "encoder": {"kind": "recurrent", "layers": 1}},
            "clock": {"kind": "series", "encoder": {"kind": "recurrent", "layers": 1}},
        },
        "outputs": {
            "next": {
                "kind": "forecast",
                "horizon": 3,
                "covariates": ["clock"],
                "head": {"kind": "direct", "patch": 1},
            }
        },
        "data": {"train": {**source, "rows": [0, 400]}, "valid": {**source, "rows": [400, None]}},
        "model": {"width": 16, "heads": 2, "dropout": 0.0},
        "training": {
            "steps": 150,
            "batch_size": 32,
            "learning_rate": 0.01,
            "precision": "fp32",
            "evaluate_every": 150,
            "average": "none",
        },
    }
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(options, sort_keys=False))
    train(read_experiment(tmp_path / "x.yaml"), tmp_path / "run")
    evaluation = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert evaluation["metrics"]["mse"]["value"] < 0.2  # without the clock about 1
    hidden = {name: use["why_not"] for name, use in evaluation["inputs"].items()}
    assert hidden == dict.fromkeys(("past", "clock"), "next needs it in every row")
    predictor = load(tmp_path / "run")
    table = tmp_path / "noon.csv"
    asked = {"past": f"{table}#496:500", "clock": f"{table}#496:503@hour"}  # beyond the table
    (answer,) = predictor.predict([asked])
    assert answer["next"].values.shape == (3, 1)
    with pytest.raises(DataError, match="clock has 4 time steps, expected 7"):
        predictor.predict([{**asked, "clock": f"{table}#496:500@hour"}])
    for name in ("past", "clock"):
        with pytest.raises(DataError, match=f"{name} cannot be hidden: next needs it in every row"):
            measure_inputs(predictor, None, [name])  # type: ignore[arg-type]


def test_a_past_that_rows_may_lack_is_refused(tmp_path):
    rows = "past,note,next\n" + "".join(f'"[1, 2, {i}]",a,"[4, 5]"\n' for i in range(8))
    (tmp_path / "t.csv").write_text(rows)
    options = {
        "inputs": {"past": {"kind": "series", "optional": True}, "note": {"kind": "text"}},
        "outputs": {"next": {"kind": "forecast", "horizon": 2}},
        "data": {"train": {"table": "t.csv"}, "valid": {"table": "t.csv"}},
    }
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(options, sort_keys=False))
    with pytest.raises(ConfigurationError, match="next needs past in every row; drop its optional"):
        prepare(read_experiment(tmp_path / "x.yaml"), lambda _: None)


def test_a_ridge_start_is_scored_first_and_tells_what_it_leaves_out(tmp_path):
    """One in fifty values is missing: windows whose steps to come were not all measured cannot be fitted to."""
    told = Told()
    experiment = forecast_experiment(tmp_path, "ridge", "training.steps=2", "training.learning_rate=1e-9")
    train(experiment, tmp_path / "run", told)
    first, *_, last = log_of(tmp_path / "run")
    assert (first["step"], first["split"]) == (0, "valid") and first["mse"] < 0.02
    assert last["mse"] == pytest.approx(first["mse"], rel=1e-3)
    (said,) = (one for one in told.sentences if one.startswith("next starts from ridge regression: penalty"))
    assert re.search(r"; without \d+ of 738 in train, whose future was not measured at all steps", said)


def test_an_interrupted_ridge_start_goes_on_as_if_it_had_never_been(tmp_path, monkeypatch):
    experiment = forecast_experiment(tmp_path, "ridge", "training.steps=6", "training.evaluate_every=3")
    train(experiment, tmp_path / "whole")
    for moment in ("start", "train_step"):

        def stop(trainer, moment=moment):
            if moment == "start":
                start_in_closed_form(trainer)  # killed before the first evaluation
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Trainer, moment, stop)
            with pytest.raises(KeyboardInterrupt):
                train(experiment, tmp_path / "stopped")
    train(experiment, tmp_path / "stopped")
    assert_same_end(tmp_path / "whole", tmp_path / "stopped")


def test_what_is_learned_beside_a_ridge_start_is_nothing_at_first(tmp_path):
    experiment = forecast_experiment(tmp_path, "steps", "outputs.next.head.start=ridge", "training.steps=1")
    train(experiment, tmp_path / "both")
    alone = forecast_experiment(tmp_path, "ridge", "training.steps=1")
    train(alone, tmp_path / "alone")
    one, other = (log_of(tmp_path / run)[0] for run in ("both", "alone"))
    assert one["step"] == 0 and one["mse"] == pytest.approx(other["mse"], rel=0.05)  # seasons apart


@pytest.mark.parametrize("head", ["{gather: flatten}", "{gather: attention, linear: steps}"])
def test_windows_of_another_length_are_told_by_their_line(tmp_path, head):
    cells = [f"waves.csv#{i}:{i + PAST + (5 if i == 7 else 0)}" for i in range(30)]
    rows = [
        f'{{"past": "{cell}", "next": "waves.csv#{i + 90}:{i + 90 + HORIZON}"}}'
        for i, cell in enumerate(cells)
    ]
    forecast_experiment(tmp_path)
    (tmp_path / "t.jsonl").write_text("\n".join(rows))
    options = yaml.safe_load((tmp_path / "x.yaml").read_text())
    options["data"] = {"train": {"table": "t.jsonl"}, "valid": {"table": "t.jsonl"}}
    options["outputs"]["next"]["head"] = {"kind": "direct", **yaml.safe_load(head)}
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(options))
    words = r"t.jsonl:8: next goes on with 29 time steps of past, but with 24 in the first row of train"
    with pytest.raises(DataError, match=words):
        prepare(read_experiment(tmp_path / "x.yaml"), lambda _: None)


BAD = {
    "share": ({"split": {"test": 0.1}}, "split them by time"),
    "overlap": ({"valid": {"windows": "waves.csv", "past": 24, "rows": [300, 460]}}, "overlap"),
    "no past": ({"valid": {"windows": "waves.csv", "rows": [400, 460]}}, "past: 336"),
}


@pytest.mark.parametrize("name", BAD)
def test_splits_that_are_not_by_time_are_refused(tmp_path, name):
    forecast_experiment(tmp_path)
    options = yaml.safe_load((tmp_path / "x.yaml").read_text())
    changes, words = BAD[name]
    options["data"] |= changes
    if "split" in changes:
        del options["data"]["test"]
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(options))
    with pytest.raises(ConfigurationError, match=words):
        read_experiment(tmp_path / "x.yaml")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("outputs.next.loss=quantile", "needs the median"),
        ("outputs.next.metric=pinball", "needs quantiles"),
        ("outputs.next.quantiles=[0.9, 0.1]", "increasing order"),
        ("outputs.next.head={kind: direct, start: ridge}", "say linear: steps, too"),
        (
            "outputs.next.head={kind: direct, linear: decomposition, moving_average: 4}",
            "must be odd, to have a middle; got 4",
        ),
    ],
)
def test_options_that_contradict_are_refused(tmp_path, change, words):
    with pytest.raises(ConfigurationError, match=words):
        forecast_experiment(tmp_path, "flatten", change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("outputs.next.channels=[high, deep]", "'deep'"),
        ("outputs.next.past=nowhere", "no input of kind series"),
        ("outputs.next.horizon=500", "too few for a past of 24 and 500 steps to come"),
    ],
)
def test_data_that_do_not_fit_are_refused(tmp_path, change, words):
    experiment = forecast_experiment(tmp_path, "flatten", change)
    with pytest.raises((DataError, ConfigurationError), match=words):
        prepare(experiment, lambda _: None)


def test_a_linear_map_needs_channels_apart(tmp_path):
    experiment = forecast_experiment(
        tmp_path, "attention", "outputs.next.head={kind: direct, gather: flatten}"
    )
    fields = prepare(experiment, lambda _: None, splits=("train",)).fields
    with pytest.raises(ConfigurationError, match="keeps channels apart"):
        catalogue.build_model(fields, experiment.model)


def test_attention_within_channels_is_shown_side_by_side(runs):
    """Each channel is a row of the batch of its encoder; no channel looks at another one."""
    found = inspect_input(load(runs["flatten"] / "run"), f"{runs['flatten'] / 'waves.csv'}#100:{100 + PAST}")
    (about,) = found.to_json()["attentions"]
    assert about["id"] == "past.encoder" and about["keys"]["channels"] == ["high", "low"]
    (layer,) = found.layers("past.encoder", 0)
    states = len(about["keys"]["intervals"])
    length = states // 2
    for head in range(layer.shape[1]):
        weights = layer.weights(0, head)
        assert weights.shape == (states, states)
        for channel in range(2):
            own = slice(channel * length, (channel + 1) * length)
            torch.testing.assert_close(weights[own, own], layer.call[channel, head].cpu())
            assert weights[own].count_nonzero() == weights[own, own].count_nonzero()  # none elsewhere
    assert found.check(0).ok
    verdict = ablate(found, "past.encoder", 0, length + 2, layer=0, head=1, k=1)
    assert verdict["top"]["keys"][0] == int(layer.weights(0, 1)[length + 2].argmax())


def test_the_verdict_on_a_forecast_says_how_far_it_moves(runs):
    table = runs["attention"] / "waves.csv"
    found = inspect_input(load(runs["attention"] / "run"), f"{table}#100:{100 + PAST}")
    verdict = ablate(found, "next.cross", 0, 1, k=1)
    moved = -verdict["top"]["change"]
    assert verdict["measure"] == "distance" and moved > 0
    said = verdict["text"]
    begin = f"Hiding the most attended position moves the forecast from step +5 by {moved:.2f} standard deviations."
    assert said["en"].startswith(begin)
    assert f"+5부터의 예측의 값이 {moved:.2f} 표준편차만큼 움직입니다." in said["ko"]
