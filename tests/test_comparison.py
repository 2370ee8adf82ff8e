"""Variants of an experiment, trained alike and set side by side."""

import json

import pytest

from jumok.errors import ConfigurationError
from jumok.experiment.variations import variations
from jumok.reporting.numbers import metric_name
from several_outputs import two_texts
from small_experiments import write_experiment, write_words


def test_every_combination():
    found = variations(["inputs.a.encoder.kind=gru,lstm", "model.width=16,32"])
    assert [v.name for v in found] == ["gru, width 16", "gru, width 32", "lstm, width 16", "lstm, width 32"]
    assert found[1].overrides == ['inputs.a.encoder.kind="gru"', "model.width=32"]


def test_pairs():
    found = variations(["inputs.a.encoder.kind=gru,lstm", "outputs.b.decoder.kind=gru,lstm"], paired=True)
    assert [v.name for v in found] == ["gru", "lstm"]
    assert found[1].values == {"inputs.a.encoder.kind": "lstm", "outputs.b.decoder.kind": "lstm"}


def test_a_whole_part_can_vary():
    found = variations(["outputs.b.decoder={kind: gru, attention: none},{kind: transformer}"])
    assert [v.name for v in found] == ["gru, attention none", "transformer"]
    assert found[0].folder == "gru-attention-none"


@pytest.mark.parametrize(
    ("texts", "paired", "sentence"),
    [
        ([], False, "nothing to compare"),
        (["model.width"], False, "expected KEY=VALUE,VALUE"),
        (["=1,2"], False, "expected KEY=VALUE,VALUE"),
        (["model.width="], False, "expected KEY=VALUE,VALUE"),
        (["model.width=[1"], False, "not YAML"),
        (["a=1,2", "b=1"], True, "as many values for each key; a has 2, b has 1"),
        (["a=1", "a=2"], False, "'a' is varied twice"),
        (["a=1,1"], False, "give each value once"),
    ],
)
def test_refusals(texts, paired, sentence):
    with pytest.raises(ConfigurationError, match=sentence.replace("[", r"\[")):
        variations(texts, paired)


@pytest.fixture
def experiment(tmp_path):
    write_words(tmp_path)
    return write_experiment(tmp_path)


def test_a_quiet_comparison_tells_scores_and_table_alone(jumok, experiment, tmp_path):
    words = ["compare", experiment, "--vary", "model.width=8,16", "--run", tmp_path / "c"]
    ended = jumok(*words, "--device", "cuda:99")
    assert ended.status == 2 and "cuda:99" in ended.talk
    ended = jumok(*words, "--device", "cpu", "-q")
    assert ended.status == 0
    assert (
        ended.talk.count("95 % interval") == 4
        and ended.talk.count("most frequent answer") >= 2
        and "predictions/s" in ended.talk
    )
    assert "training begins" not in ended.talk and "valid loss" not in ended.talk


def test_side_by_side(jumok, experiment, tmp_path):
    words = ["compare", experiment, "--vary", "model.width=8,16", "--run", tmp_path / "c", "--json"]
    ended = jumok(*words)
    assert ended.status == 0
    document = json.loads(ended.output)
    assert document == json.loads((tmp_path / "c" / "comparison.json").read_text())
    small, large = document["variants"]
    assert (small["name"], large["name"]) == ("width 8", "width 16")
    assert small["parameters"] < large["parameters"] and small["curve_steps"] == [10, 20, 30]
    for variant in (small, large):
        evaluation = json.loads(
            (tmp_path / "c" / variant["name"].replace(" ", "-") / "evaluation.json").read_text()
        )
        assert variant["evaluation"] == evaluation
    page = (tmp_path / "c" / "comparison.html").read_text(encoding="utf-8")
    assert "width 8" in page and page.count("<svg") == 1 and "exact match" in page
    assert "copy of source" in page and "Names in grey are baselines" in page
    assert (tmp_path / "c" / "comparison.png").read_bytes().startswith(b"\x89PNG")
    assert 'href="width-8/report.html">width 8</a>' in page and "<code>model.width</code>" in page
    tests = document["contests"]
    assert [(one["metric"], {one["best"], one["other"]}) for one in tests][0] == (
        "exact_match",
        {"width 8", "width 16"},
    )
    for side in document["examples"]:
        scores = [answer["score"] for answer in side["answers"].values()]
        assert set(side["answers"]) == {"width 8", "width 16"} and len(set(scores)) == 2
    weights = tmp_path / "c" / "width-8" / "model" / "model.safetensors"
    before = weights.stat().st_mtime_ns
    again = jumok(*words)
    assert json.loads(again.output) == document and weights.stat().st_mtime_ns == before


def test_all_are_read_before_one_is_trained(refused, experiment, tmp_path):
    words = ["compare", experiment, "--vary", "model.width=8,many", "--run", tmp_path / "c"]
    assert "model.width" in refused(*words)
    assert not (tmp_path / "c").exists()


def test_several_outputs_are_set_side_by_side(jumok, tmp_path):
    two_texts(tmp_path, "training.steps=6")
    changes = ["--set", "training.steps=6", "--set", "training.evaluate_every=6"]
    ended = jumok(
        "compare",
        tmp_path / "x.yaml",
        "--vary",
        "model.width=8,16",
        *changes,
        "--run",
        tmp_path / "c",
        "--json",
    )
    assert ended.status == 0
    document = json.loads(ended.output)
    assert document["metric"] == "twice.token_accuracy"  # what training.select names
    for variant in document["variants"]:
        assert {name.partition(".")[0] for name in variant["evaluation"]["metrics"]} == {"target", "twice"}
        assert set(variant["headline"]) <= variant["evaluation"]["metrics"].keys()
        assert len(variant["curve_values"]) == 1  # there was one evaluation
    contests = {one["metric"]: one for one in document["contests"]}
    assert {name.partition(".")[0] for name in contests} == {"target", "twice"}
    values = {one["name"]: one["evaluation"]["metrics"] for one in document["variants"]}
    for name, one in contests.items():
        best, other = (values[one[side]][name]["value"] for side in ("best", "other"))
        assert one["difference"] == pytest.approx(best - other, abs=1e-9)
    page = (tmp_path / "c" / "comparison.html").read_text()
    assert all(metric_name(name) in page for name in contests)
