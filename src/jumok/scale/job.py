"""A job in parts: those that are not finished are answered by several workers, and all are joined in order."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from jumok.errors import DataError
from jumok.predictor.jobs.events import JobProgress, JobWarning
from jumok.predictor.jobs.inputs import InputWarnings
from jumok.scale.forms import Form
from jumok.scale.parts import (
    Part,
    PartAnswer,
    PartsFolder,
    PartsPlan,
    digest_items,
    digest_of_model,
    part_size,
)
from jumok.scale.worker import Order
from jumok.scale.workers import WORKER, PartAnswerer, shared_threads
from jumok.wording import quantity

WAITING = 0.5  # seconds after which Ctrl-C is looked for


@dataclass(frozen=True)
class WorkerNote(JobWarning):
    """A worker said something of how it answers here."""

    note: str

    def __str__(self) -> str:
        return self.note


@dataclass(frozen=True)
class PartsFinished(JobWarning):
    """Some parts were finished by an earlier call."""

    inputs: int
    count: int  # of all inputs

    def __str__(self) -> str:
        return (
            f"{self.inputs:,} of {quantity(self.count, 'input')} were answered before; it goes on from there"
        )


class PartsEnd(NamedTuple):
    """The output is written."""

    inputs: int  # how many there were
    faults: list[tuple[int, str]]  # numbers of the inputs, from 1, that have no answer, and why


PartsEvent: TypeAlias = JobProgress | JobWarning | PartsEnd
PartAnswers: TypeAlias = Iterator[tuple[int, PartAnswer] | WorkerNote]
# answers parts as they are ready, in any order; left, it leaves no process behind
Crew: TypeAlias = Callable[[Order, Iterator[Part]], AbstractContextManager[PartAnswers]]


@dataclass(frozen=True)
class PartsJob:
    """What is predicted, and where the answers go."""

    order: Order
    form: Form
    read: Callable[[], Iterable[Any]]  # the inputs, from the first one, as often as it is called
    processes: int
    overwrite: bool = False
    stamps: Sequence[Any] = ()  # what tells that inputs are still the same, beside themselves

    def plan(self) -> PartsPlan:
        """The plan, for which all inputs are read once."""
        count, digest = digest_items(self.read())
        options = {**self.order._asdict(), "stamps": digest_items(self.stamps)[1]}
        for place in ("run", "output"):  # the files of the model have a digest
            del options[place]
        if not self.order.json_lines:  # which older plans did not name
            del options["json_lines"]
        return PartsPlan(count, digest, digest_of_model(Path(self.order.run)), options)


def answer_in_parts(job: PartsJob, crew: Crew) -> Iterator[PartsEvent]:
    """Answer all inputs that no earlier call has answered, and write the output.

    Args:
        job: What is predicted.
        crew: Who answers the parts.

    Raises:
        DataError: Finished parts of another prediction are there.
        RunError: No worker can load the model, or they die whatever they are asked.
    """
    plan = job.plan()
    parts = PartsFolder(Path(job.order.output))
    with parts.open(plan, part_size(plan.count, job.processes, job.form.at_once), job.overwrite):
        finished = parts.finished()
        done = sum(map(parts.length, finished))
        if done:
            yield PartsFinished(done, plan.count)
            yield JobProgress(done)
        notes: set[str] = set()
        with crew(job.order, parts.unfinished(job.read(), finished)) as answers:
            for one in answers:
                if isinstance(one, WorkerNote):
                    if one.note not in notes:
                        yield one
                    notes.add(one.note)
                    continue
                number, answer = one
                parts.keep(number, answer)
                done += len(answer.records)
                yield JobProgress(done)
        yield from join_parts(parts, job.form)


def join_parts(parts: PartsFolder, form: Form) -> Iterator[PartsEvent]:
    """Write the output by the finished parts, and remove them; what users should know of the inputs."""
    warnings = InputWarnings()
    faults: list[tuple[int, str]] = []

    def records() -> Iterator[Any]:
        for number in parts.numbers:
            part = parts.read(number)
            if part is None:
                raise DataError(f"{parts.file(number)} is gone or damaged; the same command makes it again")
            faults.extend((number, why) for number, why in part.faults)
            warnings.merge(part.empty, part.unknown)
            yield from part.records

    form.join(records())
    parts.remove_all()
    yield from warnings.all()
    yield PartsEnd(parts.count, faults)


def local_crew(processes: int, program: Sequence[str] = WORKER) -> Crew:
    """Workers on this machine, so many at a time, who share its processors."""

    @contextmanager
    def crew(order: Order, parts: Iterator[Part]) -> Iterator[PartAnswers]:
        team = LocalCrew(order, parts, processes, program)
        try:
            yield team.answers()
        finally:
            team.end()

    return crew


class LocalCrew:
    """Threads, each with a worker, that take one part after another."""

    def __init__(self, order: Order, parts: Iterator[Part], processes: int, program: Sequence[str]) -> None:
        self.parts, self.taking = parts, threading.Lock()
        self.ready: queue.SimpleQueue[tuple[int, PartAnswer] | WorkerNote | Exception | None]
        self.ready = queue.SimpleQueue()
        self.answerers = [
            PartAnswerer(order, shared_threads(processes), self.tell, program) for _ in range(processes)
        ]
        self.threads = [
            threading.Thread(target=self.work, args=(one,), daemon=True) for one in self.answerers
        ]
        for thread in self.threads:
            thread.start()

    def tell(self, notes: Sequence[str]) -> None:
        """Hand on what a worker remarks."""
        for note in notes:
            self.ready.put(WorkerNote(note))

    def take(self) -> Part | None:
        """The next part; None where there is none."""
        with self.taking:
            return next(self.parts, None)

    def work(self, answerer: PartAnswerer) -> None:
        """Answer parts until there are none."""
        try:
            while not answerer.ended and (part := self.take()) is not None:
                self.ready.put((part.number, answerer.answer(part)))
            self.ready.put(None)
        except Exception as error:  # raised again where the answers are asked for
            self.ready.put(error)
        finally:
            answerer.close()

    def answers(self) -> PartAnswers:
        """What is ready, until every thread has come to its end; raises what one of them met."""
        working = len(self.threads)
        while working:
            try:
                one = self.ready.get(timeout=WAITING)
            except queue.Empty:
                continue
            if isinstance(one, Exception):
                raise one
            if one is None:
                working -= 1
            else:
                yield one

    def end(self) -> None:
        """End all workers."""
        for answerer in self.answerers:
            answerer.stop()
        for thread in self.threads:
            thread.join()
