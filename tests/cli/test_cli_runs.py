"""`jumok runs`: the runs below a folder, whatever state they are in, and however their files look."""

import json
import os
import shutil

import pytest


@pytest.fixture
def runs(tmp_path, reversal, small_run):
    """Two finished runs and one that was left at its second evaluation."""
    shutil.copytree(reversal / "run", tmp_path / "runs" / "reversal")
    shutil.copytree(small_run, tmp_path / "runs" / "others" / "small")
    left = tmp_path / "runs" / "left"
    shutil.copytree(small_run, left)
    for file in ("evaluation.json", "analysis.json", "report.html"):
        (left / file).unlink()
    (tmp_path / "runs" / "data").mkdir()
    return tmp_path / "runs"


def test_each_run_has_a_line(jumok, runs):
    ended = jumok("runs", runs)
    heading, *lines = ended.output.splitlines()
    assert heading.split() == ["run", "task", "state", "score", "size", "changed"]
    told = {line.split()[0]: line for line in lines}
    assert set(told) == {str(runs / name) for name in ("reversal", "others/small", "left")}
    assert "finished" in told[str(runs / "reversal")] and "exact match" in told[str(runs / "reversal")]
    assert "2 of 2 steps" in told[str(runs / "left")] and "%" not in told[str(runs / "left")]
    assert all("text → text" in line and "kB" in line or "MB" in line for line in lines)


def test_json_has_what_the_files_say(jumok, runs):
    found = {run["path"]: run for run in json.loads(jumok("runs", runs, "--json").output)}
    run = found[str(runs / "reversal")]
    evaluation = json.loads((runs / "reversal" / "evaluation.json").read_text())
    analysis = json.loads((runs / "reversal" / "analysis.json").read_text())
    assert run["state"] == "finished" and run["split"] == evaluation["split"]
    assert run["metric"] == analysis["metric"]
    assert run["score"] == evaluation["metrics"][run["metric"]]["value"]
    assert run["bytes"] == sum(f.stat().st_size for f in (runs / "reversal").rglob("*") if f.is_file())
    assert found[str(runs / "left")]["state"] == "interrupted"
    assert found[str(runs / "left")]["score"] is None and found[str(runs / "left")]["step"] == 2


def test_newest_first(jumok, runs):
    for age, name in enumerate(("left", "reversal", "others/small")):
        for file in (runs / name).rglob("*"):
            if file.is_file():
                os.utime(file, (2e9 - 1000 * age, 2e9 - 1000 * age))
    found = [run["path"] for run in json.loads(jumok("runs", runs, "--json").output)]
    assert found == [str(runs / name) for name in ("left", "reversal", "others/small")]


@pytest.mark.parametrize("name", ["config.yaml", "evaluation.json", "analysis.json", "metrics.jsonl"])
@pytest.mark.parametrize(
    "damage", [b"", b"{", b"\xff\xfe", b"[1]", b"null", b'{"metrics": 3, "inputs": [1]}']
)
def test_damaged_files_hide_no_run(jumok, runs, name, damage):
    (runs / "reversal" / name).write_bytes(damage)
    ended = jumok("runs", runs)
    assert ended.status == 0 and len(ended.output.splitlines()) == 4


def test_one_run_alone(jumok, runs):
    assert len(jumok("runs", runs / "reversal").output.splitlines()) == 2


def test_no_runs_and_no_folder(jumok, refused, tmp_path):
    assert "no runs in" in jumok("runs", tmp_path).talk
    assert "there is no such folder" in refused("runs", tmp_path / "nothing")
    (tmp_path / "file").touch()
    assert "is a file" in refused("runs", tmp_path / "file")
