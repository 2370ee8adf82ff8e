"""Let machines fail under a training, again and again, and see whether it ends as one that was never disturbed."""

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jumok.errors import RunError
from jumok.experiment import read_experiment
from jumok.proving.ends import difference
from jumok.proving.sessions import (
    ENDED,
    REFUSED,
    Session,
    answer_of_fork,
    die,
    fill_disk,
    load_modules,
    run_session,
)
from jumok.runs.config import read_config
from jumok.runs.layout import RunLayout
from jumok.training.checkpoint import Checkpoints
from jumok.wording import quantity

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

INCIDENTS = {  # what happens, and how often among a hundred
    "killed at a random moment": 55,
    "killed in a save": 20,
    "disk full": 10,
    "a bit of the newest checkpoint flipped": 8,
    "a file of the newest checkpoint cut": 7,
}
MOMENT, IN_A_SAVE, DISK_FULL, FLIPPED, CUT = INCIDENTS
EVALUATIONS = 4  # of a training, each with a checkpoint
MOST_IN_A_RUN = 8  # incidents, after which a run is left alone until its end


@dataclass(frozen=True)
class DisturbedRun:
    """A training that was disturbed, and how it ended."""

    incidents: list[str]
    differs: str  # from a training that was not; empty where it is equal, bit by bit

    @property
    def survived(self) -> bool:
        """Whether it ended as it should."""
        return not self.differs


@dataclass(frozen=True)
class ResumeProof:
    """What happened, and what came of it."""

    steps: int
    seconds: float  # of an undisturbed training
    runs: list[DisturbedRun] = field(default_factory=list)

    @property
    def incidents(self) -> int:
        """How often something happened."""
        return sum(len(run.incidents) for run in self.runs)

    @property
    def survived(self) -> int:
        """The incidents of the runs that ended bit-equal."""
        return sum(len(run.incidents) for run in self.runs if run.survived)

    @property
    def by_kind(self) -> dict[str, tuple[int, int]]:
        """How often each thing happened, and how many of these were survived."""
        all_, good = Counter[str](), Counter[str]()
        for run in self.runs:
            all_.update(run.incidents)
            good.update(run.incidents if run.survived else [])
        return {kind: (all_[kind], good[kind]) for kind in INCIDENTS if all_[kind]}

    def to_json(self) -> dict[str, Any]:
        """The proof as JSON."""
        kinds = {kind: {"incidents": many, "survived": good} for kind, (many, good) in self.by_kind.items()}
        return {"incidents": self.incidents, "survived": self.survived, "kinds": kinds} | asdict(self)


def prove_resume(
    path: Path,
    folder: Path,
    incidents: int = 50,
    steps: int = 20,
    overrides: Sequence[str] = (),
    seed: int = 1,
    say: Callable[[str], None] = lambda _: None,
) -> ResumeProof:
    """Disturb short trainings of an experiment until so many incidents happened; runs that differ are kept.

    Args:
        path: The experiment file.
        folder: An empty or new folder for the runs.
        incidents: How often something is to happen.
        steps: The steps of each training; it is evaluated and saved four times.
        overrides: Changes of options, like "model.width=64".
        seed: Of what happens when.
        say: Called with messages.

    Returns:
        What came of it.

    Raises:
        RunError: The folder is not empty, or an undisturbed training does not end, or not twice alike.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if strange := next(iter(sorted(file.name for file in folder.iterdir())), None):
        raise RunError(f"{folder} is not empty ({strange}); choose a new folder by --run")
    asked = read_experiment(path, [*overrides, *short_training(steps)])
    experiment, whole, calls = undisturbed(asked, folder, say)
    proof, draw = ResumeProof(steps, whole.seconds), random.Random(seed)
    while proof.incidents < incidents:
        left = min(incidents - proof.incidents, draw.randint(1, MOST_IN_A_RUN))
        run = folder / f"run-{len(proof.runs):03}"
        disturbed = Disturbed(experiment, run, whole.seconds, calls, draw)
        happened = list(disturbed.incidents(left))
        proof.runs.append(DisturbedRun(happened, disturbed.end(folder / "whole")))
        say(f"{proof.incidents} of {incidents} incidents: {run_sentence(proof.runs[-1])}")
        if proof.runs[-1].survived:
            shutil.rmtree(run)
    return proof


def run_sentence(run: DisturbedRun) -> str:
    """What is said of a run."""
    many = quantity(len(run.incidents), "incident")
    return f"a run of {many} ended {'bit-equal' if run.survived else f'DIFFERENT: {run.differs}'}"


def short_training(steps: int) -> list[str]:
    """The changes that make a training short, and the same on every day."""
    every = max(1, steps // EVALUATIONS)
    return [
        f"training.steps={steps}",
        f"training.evaluate_every={every}",
        "training.minutes=null",
        "training.patience=null",
        "training.baselines=false",
        "training.log=null",
    ]


def undisturbed(
    asked: "Experiment", folder: Path, say: Callable[[str], None]
) -> tuple["Experiment", Session, int]:
    """Train twice without any incident; the experiment as it was settled, a session, and its disk calls."""
    say(f"an undisturbed training of {asked.training.steps} steps, twice")
    notes, talk = folder / "notes", folder / "talk"
    require_done(run_session(asked, folder / "whole", talk, notes=notes))
    calls, *modules = notes.read_text().splitlines()
    load_modules(modules)
    experiment = read_config(RunLayout(folder / "whole").config)  # what was found out by measuring stays
    again = require_done(run_session(experiment, folder / "again", talk))
    if differs := answer_of_fork(lambda: difference(folder / "again", folder / "whole")):
        raise RunError(
            f"two undisturbed trainings end differently ({differs}), so there is nothing to compare with; "
            "on a GPU results depend on chance: say --device cpu"
        )
    shutil.rmtree(folder / "again")
    notes.unlink()
    return experiment, again, int(calls)


def require_done(session: Session) -> Session:
    """The session, if its training came to its end; RunError otherwise."""
    if session.status != ENDED:
        said = session.said.splitlines()[-1:] or [f"status {session.status}"]
        raise RunError(f"an undisturbed training does not come to its end: {said[0]}")
    return session


class Disturbed:
    """A training to which things happen."""

    def __init__(
        self, experiment: "Experiment", run: Path, seconds: float, calls: int, draw: random.Random
    ) -> None:
        self.experiment, self.run, self.draw = experiment, run, draw
        self.seconds, self.calls = seconds, calls  # of an undisturbed training
        self.talk = run.parent / "talk"
        self.fault = ""  # what a session did that it must not

    def incidents(self, number: int) -> Iterator[str]:
        """Let things happen; gives what happened, ends early where the training has come to its end."""
        for _ in range(number):
            kind = self.draw.choices(list(INCIDENTS), list(INCIDENTS.values()))[0]
            if kind in (FLIPPED, CUT) and not self._newest():
                kind = MOMENT
            if self.fault or not self._happens(kind):
                return
            yield kind

    def _happens(self, kind: str) -> bool:
        """Let one thing happen; tells whether it did before the training came to its end."""
        if kind in (FLIPPED, CUT):
            self._damage(kind)
            return True
        if kind == MOMENT:
            moment = self.draw.uniform(0.0, self.seconds)
            session = run_session(self.experiment, self.run, self.talk, kill_after=moment)
            return session.status < 0
        happen = die if kind == IN_A_SAVE else fill_disk
        call = self.draw.randrange(self.calls)
        session = run_session(self.experiment, self.run, self.talk, at_call=call, happen=happen)
        if kind == DISK_FULL and session.status not in (ENDED, REFUSED):
            self.fault = f"a full disk ended it without a sentence: {session.said.splitlines()[-1:]}"
        return session.status != ENDED

    def _newest(self) -> list[Path]:
        """The files of the newest checkpoint; none where there is none."""
        folder = RunLayout(self.run).checkpoints
        step = Checkpoints(folder, warn=lambda _: None).latest_step()
        folder = folder / f"step-{step or 0:08d}"
        return sorted(file for file in folder.glob("*") if file.stat().st_size)

    def _damage(self, kind: str) -> None:
        file = self.draw.choice(self._newest())
        data = bytearray(file.read_bytes())
        place = self.draw.randrange(len(data))
        if kind == CUT:
            del data[place:]
        else:
            data[place] ^= 1 << self.draw.randrange(8)
        file.write_bytes(data)

    def end(self, whole: Path) -> str:
        """Leave the training alone until its end; how it differs from an undisturbed one."""
        session = run_session(self.experiment, self.run, self.talk)
        if session.status != ENDED:
            return self.fault or f"it does not go on: {' '.join(session.said.splitlines()[-1:])}"
        return self.fault or answer_of_fork(lambda: difference(self.run, whole))


def write_proof(file: Path, proof: ResumeProof) -> None:
    """Write the proof as JSON."""
    file.write_text(json.dumps(proof.to_json(), indent=2) + "\n", encoding="utf-8")
