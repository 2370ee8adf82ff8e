"""Forecasts: windows of a table are learned, answered, drawn and looked into, by every head."""

import json

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from jumok.dataset.prepare import prepare
from jumok.errors import ConfigurationError, DataError
from jumok.evaluation.input_use import measure_inputs
from jumok.experiment import read_experiment
from jumok.inspection.inspect import inspect_input
from jumok.kinds import catalogue
from jumok.predictor import load
from jumok.training import train
from small_forecasts import HEADS, HORIZON, PAST, STEPS, forecast_experiment, trained_forecast, waves

MSE = {
    "flatten": 0.02,
    "attention": 0.4,
    "autoregressive": 0.1,
    "steps": 0.02,
    "seasons": 0.04,
}  # of noise alone 0.005, of the mean 1.0


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
    if head in ("flatten", "seasons"):
        told = document["note"] or document["nothing"]
        assert "cross" not in by_use and told["reason"] == "linear"
        assert ("the past of each channel" in told["text"]["en"]) == (head == "seasons")
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
