"""What the benchmark asks of a system, and what all systems are measured by."""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

PAD, UNK, BOS, EOS = 0, 1, 2, 3  # as jumok numbers them; all systems get the same numbers
DROPOUT, SMOOTHING, BATCH_TOKENS = 0.3, 0.1, 4096
BEAM = 4


@dataclass(frozen=True)
class Size:
    """The size of a Transformer."""

    name: str
    width: int
    feedforward: int
    layers: int
    heads: int


SIZES = {"S": Size("S", 256, 1024, 3, 4), "B": Size("B", 512, 2048, 6, 8)}


@dataclass(frozen=True)
class Job:
    """One turn of one system in a process of its own."""

    system: str
    action: str  # versions | convert | train | decode
    size: str
    precision: str  # fp32 | bf16 | int8, or what the system itself offers
    threads: int
    folder: str  # where the benchmark keeps its files
    recipe: str
    data: str
    warmup: int  # training steps before the clock starts
    steps: int
    sentences: int  # decoded together
    answer: int  # output tokens of each sentence
    repeats: int

    @property
    def shape(self) -> Size:
        return SIZES[self.size]

    @property
    def place(self) -> Path:
        return Path(self.folder)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Job":
        return cls(**json.loads(path.read_text(encoding="utf-8")))


class Meter:
    """Target tokens per second over the steps after the warm-up; the time between two steps counts."""

    def __init__(self, job: Job) -> None:
        self.warmup, self.steps = job.warmup, job.steps
        self.ends: list[float] = []
        self.tokens: list[int] = []

    def step(self, tokens: int) -> None:
        """Take notice of the end of a step on a batch with so many target tokens, end marks counted, no padding."""
        self.ends.append(time.perf_counter())
        self.tokens.append(tokens)

    def result(self, precision: str, parameters: int) -> dict[str, Any]:
        if len(self.ends) < self.warmup + self.steps:
            raise RuntimeError(f"{len(self.ends)} steps were made, {self.warmup + self.steps} were asked for")
        first, last = self.warmup, self.warmup + self.steps
        seconds = self.ends[last - 1] - self.ends[first - 1]
        tokens = sum(self.tokens[first:last])
        return {
            "tokens_per_second": tokens / seconds,
            "tokens_per_step": tokens / self.steps,
            "seconds": seconds,
            "precision": precision,
            "parameters": parameters,
        }


def time_decoding(
    job: Job, sources: list[list[int]], answer: Callable[[list[list[int]], int], list[list[int]]]
) -> dict[str, Any]:
    """Sentences per second of a batch and milliseconds of one sentence; `answer(sources, beam)` gives token numbers."""
    middle = sorted(sources, key=len)[len(sources) // 2]
    found: dict[str, Any] = {}
    for name, beam in (("greedy", 1), ("beam", BEAM)):
        batch = seconds(job, sources, beam, answer)
        alone = seconds(job, [middle], beam, answer)
        found[name] = {"sentences_per_second": len(sources) / batch, "alone_ms": 1000 * alone}
    return {**found, "precision": job.precision}


def seconds(
    job: Job,
    sources: list[list[int]],
    beam: int,
    answer: Callable[[list[list[int]], int], list[list[int]]],
) -> float:
    """The median time of some answers, each with the number of tokens that the job asks for; the first warms up."""
    times = []
    for _ in range(job.repeats + 1):
        start = time.perf_counter()
        answers = answer(sources, beam)
        times.append(time.perf_counter() - start)
        lengths = {len(tokens) for tokens in answers}
        if len(answers) != len(sources) or lengths != {job.answer}:
            raise RuntimeError(
                f"{len(answers)} answers of {sorted(lengths)} tokens; wanted {job.answer} each"
            )
    return statistics.median(times[1:])


def read_pairs(job: Job, part: str) -> tuple[list[list[int]], list[list[int]]]:
    """Token numbers of the sources and targets of a part, end marks included."""
    with np.load(job.place / f"{part}.npz") as file:
        return tuple(  # type: ignore[return-value]
            [row.tolist() for row in np.split(file[side], file[f"{side}_ends"][:-1])]
            for side in ("source", "target")
        )


def names(job: Job) -> list[str]:
    """A name for each token number, for systems that read words; the specials are called as Eole calls them."""
    with np.load(job.place / "train.npz") as file:
        size = int(file["vocabulary"])
    return ["<blank>", "<unk>", "<s>", "</s>", *(str(number) for number in range(4, size))]


def peak_megabytes() -> int:
    """The most memory that this process has held (the figure of `getrusage` would start from its parent's)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))
