"""`jumok predict --engine ray`: a cluster of two workers, one of which is killed."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jumok.scale.parts import PartsFolder
from small_experiments import words, write_experiment, write_words

has_ray = importlib.util.find_spec("ray") is not None and importlib.util.find_spec("pandas") is not None
needs_ray = pytest.mark.skipif(not has_ray, reason="needs the extra scale")


def parent_of(process: int) -> int:
    """The process that a process was begun by; 0 where it is gone."""
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()[1])
    except OSError:
        return 0


def name_of(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def actors_of(process: int, kind: bytes = b"MapWorker") -> list[int]:
    """The actors of the cluster that a process has begun."""
    there = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]
    ours, parents = {process}, {one: parent_of(one) for one in there}
    while more := {one for one in there if parents[one] in ours and one not in ours}:
        ours |= more
    return [one for one in ours if name_of(one).startswith(b"ray::") and kind in name_of(one)]


@needs_ray
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes by /proc")
def test_a_killed_worker_of_a_cluster_loses_nothing(jumok, reversal, tmp_path):
    asked, output = tmp_path / "in.txt", tmp_path / "out.txt"
    asked.write_text("".join(f"{word}\n" for word in words(6000, seed=3)))
    call = ["predict", str(reversal / "run"), "--file", str(asked), "--output"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("RAY_ADDRESS", None)
    started = [sys.executable, "-m", "jumok", *call, str(output), "--engine", "ray", "--processes", "2"]
    with subprocess.Popen(started, env=environment, stderr=subprocess.PIPE, text=True) as working:
        folder = PartsFolder(output).folder
        while not list(folder.glob("0*.json")) and working.poll() is None:
            time.sleep(0.02)
        actors = actors_of(working.pid)
        os.kill(actors[0], signal.SIGKILL)
        _, talk = working.communicate(timeout=600)
    assert working.returncode == 0, talk
    assert jumok(*call, tmp_path / "alone.txt").status == 0
    assert output.read_text() == (tmp_path / "alone.txt").read_text() and not folder.exists()


@needs_ray
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes by /proc")
def test_a_sweep_goes_on_when_an_actor_is_killed(tmp_path):
    """Every trial comes to its end, the one of the killed actor from its checkpoint."""
    write_words(tmp_path)
    file = write_experiment(tmp_path)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    environment.pop("RAY_ADDRESS", None)
    words_of_it = [
        "sweep",
        str(file),
        "--space",
        "model.width=[8, 16, 24]",
        "--trials",
        "3",
        "--processes",
        "2",
    ]
    words_of_it += ["--seeds", "0", "--no-prune", "--engine", "ray", "--run", str(tmp_path / "s")]
    words_of_it += ["--set", "training.steps=150", "--set", "training.evaluate_every=10"]
    started = [sys.executable, "-m", "jumok", *words_of_it]
    with subprocess.Popen(started, env=environment, stderr=subprocess.PIPE, text=True) as working:
        while not list((tmp_path / "s").glob("trials/*/checkpoints/*")) and working.poll() is None:
            time.sleep(0.02)
        os.kill(actors_of(working.pid, b"RayTrainer")[0], signal.SIGKILL)
        _, talk = working.communicate(timeout=600)
    assert working.returncode == 0, talk
    found = json.loads((tmp_path / "s" / "sweep.json").read_text())
    assert [one["state"] for one in found["trials"]] == ["finished"] * 3


def test_a_sweep_without_ray_names_the_extra(refused, tmp_path, monkeypatch):
    write_words(tmp_path)
    monkeypatch.setitem(sys.modules, "ray", None)
    words_of_it = ["sweep", write_experiment(tmp_path), "--space", "model.width=[8, 16]", "--engine", "ray"]
    assert "pip install 'jumok[scale]'" in refused(*words_of_it, "--run", tmp_path / "s")


def test_without_ray_the_sentence_names_the_extra(refused, reversal, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "ray.data", None)
    sentence = refused("predict", reversal / "run", "abc", "--output", tmp_path / "x.txt", "--engine", "ray")
    assert "pip install 'jumok[scale]'" in sentence
