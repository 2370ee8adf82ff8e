"""`jumok demo`: where its run goes, and that nothing of anybody else's is in it. (Whole demos: tests/demos.)"""

import json

import pytest

from jumok.demos import bottleneck, numbers

SHORT = (
    "--set",
    "training.steps=2",
    "--set",
    "training.evaluate_examples=4",
    "--set",
    "training.precision=fp32",
)


@pytest.fixture(autouse=True)
def few_data(monkeypatch):
    """The demos write their data, but less of them."""
    for demo, what in ((numbers, "EXAMPLES"), (bottleneck, "ROWS")):
        monkeypatch.setattr(demo, f"TRAIN_{what}", 3000)
        monkeypatch.setattr(demo, f"TEST_{what}", 100)


def test_the_run_is_where_it_was_asked_for(jumok, tmp_path):
    run = tmp_path / "mine" / "first"
    ended = jumok("demo", "--run", run, *SHORT, "--set", "model.width=8", "--json")
    assert ended.status == 0 and json.loads(ended.output)["run"] == str(run)
    assert (run / "experiment.yaml").exists() and (run / "report.html").exists()
    assert f"\n  jumok look {run}" in ended.talk and f"\n  jumok predict {run} " in ended.talk
    assert "exact_match" in ended.talk and "examples it never saw" in ended.talk
    assert ended.talk.count("\n  jumok ") == 4  # what to try next
    assert list((tmp_path / "mine").iterdir()) == [run]


@pytest.mark.parametrize("demo", ["numbers", "pronounce", "bottleneck", "digits"])
@pytest.mark.parametrize("way", ["--run", "--folder"])
def test_a_folder_with_other_things_stays_as_it_is(refused, tmp_path, demo, way):
    names = {"digits": "digits-boxes"}
    run = tmp_path / names.get(demo, demo)
    (run / "data").mkdir(parents=True)
    (run / "data" / "train.tsv").write_text("mine")
    sentence = refused("demo", demo, way, run if way == "--run" else tmp_path)
    assert sentence == f"{run} holds other things (data) and no demo; choose another folder by --run"
    assert [file.name for file in run.rglob("*")] == ["data", "train.tsv"]
    assert (run / "data" / "train.tsv").read_text() == "mine"


def test_refusals(refused, tmp_path):
    assert "two runs" in refused("demo", "--round-trip", "--run", tmp_path / "x")
    (tmp_path / "file").touch()
    assert "is a file, a run needs a folder" in refused("demo", "--run", tmp_path / "file")
    assert "belong to the demo numbers" in refused("demo", "digits", "--reverse")
    assert "belongs to the demo digits" in refused("demo", "--output", "text")


def test_a_quiet_demo_tells_its_scores_alone(jumok, tmp_path):
    words = ("demo", "--run", tmp_path / "r", "--device", "cpu", *SHORT, "--set", "model.width=8")
    ended = jumok(*words, "--quiet", "--json")
    assert ended.status == 0 and json.loads(ended.output)["run"] == str(tmp_path / "r")
    assert "95 % interval" in ended.talk
    for word in ("Learning", "training begins", "step 2", "done in", "Try next", "examples it never saw"):
        assert word not in ended.talk
    loud = jumok(*words)
    assert "Learning" in loud.talk and "Try next" in loud.talk


@pytest.mark.parametrize("demo", ["numbers", "bottleneck"])
def test_the_device_of_the_command_line_counts(jumok, tmp_path, demo):
    ended = jumok("demo", demo, "--run", tmp_path / "r", "--device", "cuda:99", *SHORT)
    assert ended.status == 2 and "cuda:99" in ended.talk
