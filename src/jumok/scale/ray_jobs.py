"""Trainings on the machines of a Ray cluster; extra `scale`.

Each training has an actor with a processor (or a GPU) of its own, and works in a process below it, as it would on one
machine. Run folders lie where all machines see them. When a machine or an actor dies, the training goes on elsewhere
from its last checkpoint.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from jumok.scale.ray_crew import RayCluster
from jumok.sweeps.jobs import ENDS, Event, LocalJobs

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

MOVES = 3  # how often a training is begun elsewhere
ASKED_EVERY = 0.2  # seconds between two questions to an actor


class RayTrainer:
    """An actor that does one training."""

    def __init__(self, logs: str) -> None:
        self.jobs = LocalJobs(1, Path(logs))

    def start(self, name: str, experiment: dict[str, Any], run: str) -> None:
        """Begin a training, or go on with it."""
        from jumok.experiment.options import Experiment

        self.jobs.start(name, Experiment.model_validate(experiment), Path(run))

    def events(self) -> list[Event]:
        """What it told since the last question."""
        return list(self.jobs.wait(ASKED_EVERY))

    def stop(self, name: str) -> None:
        """Ask it to save and end."""
        self.jobs.stop(name)

    def stop_all(self) -> None:
        """Save and end it, and wait for it."""
        self.jobs.stop_all()


@dataclass
class RayWork:
    """A training at work."""

    actor: Any
    question: Any  # what the actor was asked, of which the answer is awaited
    experiment: "Experiment"
    run: Path
    moves: int = 0


class RayJobs:
    """Up to `most` trainings at a time on a cluster; those that work are saved and ended when the block is left."""

    def __init__(self, most: int, logs: Path) -> None:
        self.most, self.logs = most, logs.absolute()
        self.cluster = RayCluster()
        self.working: dict[str, RayWork] = {}

    def __enter__(self) -> "RayJobs":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ray = self.cluster.ray
        asked = [work.actor.stop_all.remote() for work in self.working.values()]
        with suppress(ray.exceptions.RayError):  # an actor that is gone has nothing to save
            ray.get(asked)
        self.working.clear()
        self.cluster.close()

    @property
    def has_room(self) -> bool:
        """Whether one more training may begin."""
        return len(self.working) < self.most

    def start(self, name: str, experiment: "Experiment", run: Path) -> None:
        """Begin a training, or go on with it, in a run folder that all machines see."""
        self.working[name] = self._begin(name, experiment, run.absolute())

    def _begin(self, name: str, experiment: "Experiment", run: Path) -> RayWork:
        gpu = 1 if experiment.training.device.startswith("cuda") else 0
        made = self.cluster.ray.remote(num_cpus=1, num_gpus=gpu)(RayTrainer)
        actor = made.remote(str(self.logs))
        actor.start.remote(name, experiment.model_dump(mode="json"), str(run))
        return RayWork(actor, actor.events.remote(), experiment, run)

    def wait(self, seconds: float) -> Iterator[Event]:
        """The events that are there, after at most so many seconds."""
        ray, until = self.cluster.ray, time.monotonic() + seconds
        while self.working:
            questions = {work.question: name for name, work in self.working.items()}
            left = max(until - time.monotonic(), 0.0)
            ready, _ = ray.wait(list(questions), num_returns=1, timeout=left)
            found = [event for one in ready for event in self._answered(questions[one])]
            yield from found
            if found or time.monotonic() >= until:
                return

    def _answered(self, name: str) -> Iterator[Event]:
        """The events of a training whose actor has answered, or died."""
        ray, work = self.cluster.ray, self.working[name]
        try:
            told: list[Event] = ray.get(work.question)
        except ray.exceptions.RayError as error:
            if work.moves == MOVES:
                del self.working[name]
                yield Event(name, "failed", {"why": f"its machine or actor died {MOVES + 1} times ({error})"})
            else:
                again = self._begin(name, work.experiment, work.run)
                again.moves = work.moves + 1
                self.working[name] = again
            return
        if told and told[-1].name in ENDS:
            del self.working[name]
            ray.kill(work.actor)
        else:
            work.question = work.actor.events.remote()
        yield from told

    def stop(self, name: str) -> None:
        """Ask a training to save and end; its last event tells that it has."""
        if name in self.working:
            self.working[name].actor.stop.remote(name)
