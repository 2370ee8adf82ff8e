"""Labels of short series: jumok beside MiniROCKET with ridge (Dempster et al., 2021), on the same splits.

JapaneseVowels (nine speakers, 270 and 370 series of 12 channels and 7 to 29 steps) and BasicMotions (four motions, 40
and 40 of 6 channels and 100 steps) are in the package aeon, which needs an older NumPy than jumok may have: give it an
environment of its own (`pip install aeon`), and name the interpreter of that.

    python benchmarks/minirocket.py --aeon-python aeon/bin/python --seeds 3

Each training of jumok is `jumok train` with the experiment that stands in its folder. A tenth of train, which
MiniROCKET sees, is kept as valid; nothing is chosen by it, the last weights count.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jumok.metrics.interval import Interval, bootstrap

PEER = Path(__file__).resolve().parent / "peers" / "minirocket.py"
SETS = ("JapaneseVowels", "BasicMotions")
EXPERIMENT = """\
inputs:
  signal:
    kind: series
    encoder: {kind: recurrent, cell: gru}
    augment: {jitter: 0.1, scale: 0.1, speed: 0.2}
outputs:
  label: {kind: label}
data:
  train: {table: ../train.jsonl}
  test: {table: ../test.jsonl}
  split: {valid: 0.1}
model: {width: 64, dropout: 0.3}
training:
  {steps: 300, batch_size: 32, optimizer: muon, weight_decay: 0.1, label_smoothing: 0.1, ema_decay: 0.99,
   precision: fp32, evaluate_every: 300}
"""


@dataclass(frozen=True)
class Turn:
    """What a system answered to the examples of test, and the processor time of training and answering."""

    correct: np.ndarray  # (N,) bool
    seconds: float


@dataclass(frozen=True)
class Row:
    """A system on a set of data, trained with several seeds."""

    data: str
    system: str
    turns: list[Turn]

    def interval(self) -> Interval:
        """The mean accuracy of the seeds; examples are drawn again, seeds are not."""
        right = np.mean([turn.correct for turn in self.turns], axis=0)  # (N,)
        return bootstrap(lambda weights: float(weights @ right / weights.sum()), len(right))

    def cells(self) -> list[str]:
        """The row of the table."""
        mean, each = self.interval(), [turn.correct.mean() for turn in self.turns]
        accuracy = f"{mean.value:.1%} [{mean.low:.1%}, {mean.high:.1%}]"
        seeds = ", ".join(f"{value:.1%}" for value in each)
        seconds = np.mean([turn.seconds for turn in self.turns])
        return [self.data, self.system, accuracy, seeds, f"{seconds:.1f} s"]


def run(command: list[str], log: Path) -> float:
    """Run a command on one thread; gives the seconds of processor time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(log, "w", encoding="utf-8") as output:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        subprocess.run(command, env=environment, stdout=output, stderr=subprocess.STDOUT, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def minirocket(python: str, data: str, folder: Path, seed: int) -> Turn:
    """One turn of MiniROCKET; its compilation does not count."""
    file = folder / f"minirocket-{seed}.json"
    run([python, str(PEER), "classify", data, str(file), str(seed)], file.with_suffix(".log"))
    found = json.loads(file.read_text(encoding="utf-8"))
    return Turn(np.array(found["answers"]) == np.array(found["right"]), found["seconds"])


def jumok(data: str, folder: Path, seed: int) -> tuple[Turn, dict[str, Any]]:
    """One turn of jumok, its baselines, start and scoring included; and what it says of the baselines."""
    place = folder / f"jumok-{seed}"
    place.mkdir(exist_ok=True)
    (place / "experiment.yaml").write_text(EXPERIMENT, encoding="utf-8")
    command = ["train", str(place / "experiment.yaml"), "--run", str(place / "run"), "--quiet"]
    command += ["--set", f"training.seed={seed}"]
    seconds = run([sys.executable, "-m", "jumok", *command], place / "log.txt")
    lines = (place / "run" / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [json.loads(line) for line in lines]
    evaluation = json.loads((place / "run" / "evaluation.json").read_text(encoding="utf-8"))
    correct = np.array([answer["labels"] == answer["right"] for answer in answers])
    if not np.isclose(correct.mean(), evaluation["metrics"]["accuracy"]["value"]):
        raise RuntimeError(f"predictions.jsonl and evaluation.json of {place} disagree")
    return Turn(correct, seconds), evaluation["baselines"]


def compare(python: str, data: str, folder: Path, seeds: int) -> list[list[str]]:
    """The rows of one set of data."""
    run([python, str(PEER), "export", data, str(folder)], folder.with_suffix(".log"))
    turns = [jumok(data, folder, seed) for seed in range(seeds)]
    rocket = Row(
        data, "MiniROCKET + ridge", [minirocket(python, data, folder, seed) for seed in range(seeds)]
    )
    rows = [Row(data, "jumok", [turn for turn, _ in turns]).cells(), rocket.cells()]
    for name, baseline in turns[0][1].items():
        score = Interval(**baseline["metrics"]["accuracy"])
        rows.append([data, name, f"{score.value:.1%} [{score.low:.1%}, {score.high:.1%}]", "", ""])
    return rows


def main() -> None:
    """Run all turns and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--aeon-python", default=sys.executable, help="an interpreter that can import aeon")
    parser.add_argument("--data", default=",".join(SETS), help="sets of data, with commas between them")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("runs/minirocket"), help="for data and runs")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    print("| data | system | accuracy, 95 % interval | by seed | processor time |\n|---|---|---|---|---|")
    for data in asked.data.split(","):
        for cells in compare(asked.aeon_python, data, asked.folder / data, asked.seeds):
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
