"""Training and decoding speed on Multi30k: jumok, Hugging Face, Eole and CTranslate2, same sizes, same token numbers.

Each turn of a system is a process of its own, and the systems take turns in several rounds, for a machine is
never equally fast all the time; tables show medians, with the smallest and largest, and ratios to Hugging Face in
the same round. Target tokens count end marks and no padding. Decoding writes the same number of tokens for each
sentence: the end mark is forbidden. `requirements.txt` here names what to install; what is missing is skipped.

    python benchmarks/translation.py --size S,B --json result.json
    python benchmarks/translation.py --quick
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from peers.corpus import write_corpus
from peers.job import BEAM, SIZES, Job
from peers.machine import computes_bf16, describe_machine
from peers.report import decoding_table, training_table

HERE = Path(__file__).resolve().parent
TRAINS = ("huggingface", "eole", "jumok")
DECODES = {
    "huggingface": ("fp32", "bf16"),
    "ctranslate2": ("fp32", "bf16", "int8"),
    "jumok": ("fp32", "bf16"),
}
SYSTEMS = ("jumok", "huggingface", "eole", "ctranslate2")
STEPS = {"S": 60, "B": 25}
Results = dict[str, list[dict[str, Any]]]


class Failed(Exception):
    """A turn did not end well; says why."""


class Turns:
    """Runs jobs in processes of their own."""

    def __init__(self, folder: Path, interpreters: dict[str, str]) -> None:
        self.folder, self.interpreters, self.count = folder, interpreters, 0

    def run(self, job: Job) -> dict[str, Any]:
        self.count += 1
        name = f"{self.count:03}-{job.system}-{job.action}-{job.size}-{job.precision}"
        asked, result, log = (self.folder / f"{name}{end}" for end in (".job.json", ".json", ".log"))
        job.write(asked)
        python = self.interpreters.get(job.system, sys.executable)
        with open(log, "w", encoding="utf-8") as output:
            command = [python, "-m", "peers.turn", str(asked), str(result)]
            environment = {**os.environ, "OMP_NUM_THREADS": str(job.threads)}
            done = subprocess.run(command, cwd=HERE, env=environment, stdout=output, stderr=subprocess.STDOUT)
        if done.returncode:
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise Failed(lines[-1] if lines else f"exit status {done.returncode}")
        found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return found


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def versions_of(turns: Turns, job: Job, systems: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The versions of the systems that can run here; the others are named."""
    found = {}
    for system in systems:
        try:
            found[system] = turns.run(replace(job, system=system, action="versions"))
            del found[system]["peak_megabytes"]
        except Failed as failure:
            say(f"{system} is skipped, it cannot be imported: {failure}")
    return found


def rounds_of(turns: Turns, jobs: dict[str, Job], rounds: int) -> Results:
    """The results of each job by its name, a list over the rounds; who fails once is named and left out."""
    found: Results = {name: [] for name in jobs}
    for number in range(rounds):
        order = list(found)
        for name in order[number % len(order) :] + order[: number % len(order)]:
            say(f"round {number + 1} of {rounds}: {name}, {jobs[name].action}, size {jobs[name].size}")
            try:
                found[name].append(turns.run(jobs[name]))
            except Failed as failure:
                say(f"{name} is left out: {failure}")
                del found[name]
    return found


def train(turns: Turns, job: Job, systems: Sequence[str], rounds: int) -> Results:
    """Training speed by system."""
    precision = "bf16" if computes_bf16() else "fp32"
    jobs = {
        system: replace(
            job, system=system, action="train", precision="auto" if system == "jumok" else precision
        )
        for system in TRAINS
        if system in systems
    }
    return rounds_of(turns, jobs, rounds) if jobs else {}


def decode(turns: Turns, job: Job, versions: dict[str, dict[str, Any]], rounds: int) -> Results:
    """Decoding speed by system and precision."""
    jobs = {}
    for system, precisions in DECODES.items():
        if system not in versions or (system == "ctranslate2" and not converted(turns, job)):
            continue
        possible = versions[system].get("precisions", precisions)
        if not computes_bf16():  # possible everywhere, and hundreds of times slower
            possible = [name for name in possible if name != "bf16"]
        for precision in (name for name in precisions if name in possible):
            jobs[f"{system} {precision}"] = replace(job, system=system, action="decode", precision=precision)
    return rounds_of(turns, jobs, rounds) if jobs else {}


def converted(turns: Turns, job: Job) -> bool:
    """Whether CTranslate2 has the weights of the Hugging Face model."""
    try:
        turns.run(replace(job, system="ctranslate2", action="convert"))
    except Failed as failure:
        say(f"ctranslate2 is skipped, it has no model: {failure}")
        return False
    return True


def plain(value: Any) -> str:
    """A value without brackets."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {plain(inner)}" for name, inner in value.items())
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def show(title: str, lines: Iterable[str]) -> None:
    print(f"\n{title}\n")
    for line in lines:
        print(line)
    sys.stdout.flush()


def measure(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run everything; tables go to stdout as soon as they are known."""
    interpreters = {"eole": given.eole_python} if given.eole_python else {}
    turns = Turns(folder, interpreters)
    job = first_job(given, folder)
    corpus = write_corpus(folder, given.recipe, given.data, job.sentences)
    versions = versions_of(turns, job, given.systems)
    machine = describe_machine(given.threads)
    document: dict[str, Any] = {"machine": machine, "versions": versions, "corpus": corpus, "sizes": {}}
    show("machine", (f"{name}: {plain(value)}" for name, value in machine.items()))
    show("versions", (f"{name}: {plain(value)}" for name, value in versions.items()))
    for size in given.size:
        sized = replace(job, size=size, steps=given.steps or (3 if given.quick else STEPS[size]))
        found = document["sizes"][size] = {}
        text = "width {0.width}, feed-forward {0.feedforward}, {0.layers}+{0.layers} layers".format(
            SIZES[size]
        )
        if "train" in given.parts:
            found["train"] = train(turns, sized, list(versions), given.rounds)
            if found["train"]:
                show(f"training, size {size} ({text})", training_table(found["train"]))
        if "decode" in given.parts:
            found["decode"] = decode(turns, sized, versions, given.rounds)
            for search, label in (("greedy", "greedy"), ("beam", f"beam {BEAM}")) if found["decode"] else ():
                title = f"decoding, size {size}, {label}, {job.sentences} sentences, {job.answer} tokens each"
                show(title, decoding_table(found["decode"], search))
    return document


def first_job(given: argparse.Namespace, folder: Path) -> Job:
    """What all jobs have in common."""
    return Job(
        system="jumok",
        action="versions",
        size=given.size[0],
        precision="fp32",
        threads=given.threads,
        folder=str(folder),
        recipe=str(given.recipe),
        data=str(given.data.resolve()),
        warmup=1 if given.quick else given.warmup,
        steps=1,
        sentences=8 if given.quick else given.sentences,
        answer=given.answer,
        repeats=1 if given.quick else given.repeats,
    )


def listed(allowed: Sequence[str]) -> Any:
    """A type of argparse: names with commas between, all of them known."""

    def parse(text: str) -> list[str]:
        unknown = [name for name in text.split(",") if name not in allowed]
        if unknown:
            raise argparse.ArgumentTypeError(f"there is no {unknown[0]!r}; known are {', '.join(allowed)}")
        return text.split(",")

    return parse


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = HERE.parent / "data" / "multi30k"
    parser.add_argument("--data", type=Path, default=data, help="the folder of Multi30k (%(default)s)")
    parser.add_argument("--recipe", type=Path, default=HERE.parent / "recipes" / "multi30k-de-en.yaml")
    parser.add_argument("--systems", type=listed(SYSTEMS), default=list(SYSTEMS))
    parser.add_argument("--size", type=listed(list(SIZES)), default=list(SIZES), help="S, B or S,B")
    parser.add_argument("--parts", type=listed(["train", "decode"]), default=["train", "decode"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warmup", type=int, default=10, help="training steps before the clock starts")
    parser.add_argument("--steps", type=int, help="training steps on the clock (60 at size S, 25 at B)")
    parser.add_argument("--sentences", type=int, default=64, help="decoded together")
    parser.add_argument("--answer", type=int, default=24, help="output tokens of each sentence")
    parser.add_argument("--repeats", type=int, default=5, help="of each decoding in a turn, after one more")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--eole-python", help="the interpreter of an environment that has Eole")
    parser.add_argument("--folder", type=Path, help="keep the files and logs of all turns here")
    parser.add_argument("--json", type=Path, help="write all results into this file")
    parser.add_argument("--quick", action="store_true", help="a few steps, to see that everything runs")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    given.rounds = 1 if given.quick else given.rounds
    if not (given.data / "train.de.gz").exists():
        sys.exit(f"{given.data} has no train.de.gz; name the folder of Multi30k by --data")
    with tempfile.TemporaryDirectory(prefix="jumok-translation-") as temporary:
        folder = (given.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        document = measure(given, folder)
    if given.json:
        given.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
