"""The proof that users run: it counts what was survived, and it sees a training that goes on wrongly."""

import json
import os
import subprocess
import sys
from pathlib import Path

from jumok.proving.resume import INCIDENTS, DisturbedRun, ResumeProof
from small_experiments import write_experiment, write_words

TESTS = Path(__file__).parents[1]
PROVING = """
import sys
import blank_curves
blank_curves.install()
{fault}
from jumok.cli import main
main(sys.argv[1:])
"""
FORGETS_MOMENTUM = """
from jumok.training import loop
loop.restore_optimizer = lambda *of: None
"""


def prove(python, folder, *words, fault=""):
    """Run the command in a process of its own, for it forks."""
    write_words(folder, train=60)
    call = [
        *python,
        "-c",
        PROVING.format(fault=fault),
        "prove",
        "resume",
        str(write_experiment(folder)),
        *words,
    ]
    path = os.pathsep.join([str(TESTS), *sys.path])
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
    return subprocess.run(call, env=environment, capture_output=True, text=True)


def test_a_training_that_goes_on_well_is_proven(python, tmp_path):
    words = ["--incidents", "8", "--steps", "4", "--run", str(tmp_path / "proof"), "--json"]
    ended = prove(python, tmp_path, *words)
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    assert document == json.loads((tmp_path / "proof" / "proof.json").read_text())
    assert document["incidents"] == document["survived"] == 8
    assert sum(kind["incidents"] for kind in document["kinds"].values()) == 8
    assert "8 of 8 incidents survived bit-equal" in ended.stderr
    assert not list((tmp_path / "proof").glob("run-*"))  # what ended well is not kept
    again = prove(python, tmp_path, *words)
    assert again.returncode == 2 and "is not empty" in again.stderr


def test_a_training_that_forgets_its_optimizer_is_caught(python, tmp_path):
    words = ["--incidents", "6", "--steps", "8", "--run", str(tmp_path / "proof"), "--seed", "2", "--json"]
    ended = prove(python, tmp_path, *words, fault=FORGETS_MOMENTUM)
    assert ended.returncode == 1, ended.stderr
    document = json.loads(ended.stdout)
    assert document["survived"] < document["incidents"]
    assert "ended DIFFERENT" in ended.stderr and "are kept in" in ended.stderr
    assert list((tmp_path / "proof").glob("run-*"))


def test_a_training_that_does_not_end_is_refused(python, tmp_path):
    ended = prove(python, tmp_path, "--set", "data.train.table=nothing.tsv")
    assert (
        ended.returncode == 2 and "does not come to its end" in ended.stderr and "nothing.tsv" in ended.stderr
    )


def test_incidents_of_a_run_that_differs_are_not_survived():
    moment, save, *_ = INCIDENTS
    ends = [([moment, save], ""), ([moment], "model weight"), ([], "")]
    proof = ResumeProof(20, 1.0, [DisturbedRun(*end) for end in ends])
    assert (proof.incidents, proof.survived) == (3, 2)
    assert proof.by_kind == {moment: (2, 1), save: (1, 1)}


def test_refusals(refused, jumok):
    assert "missing.yaml" in refused("prove", "resume", "missing.yaml")
    ended = jumok("prove", "speed", "x.yaml")
    assert ended.status == 2 and "'speed' is not" in ended.talk
