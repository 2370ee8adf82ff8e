"""Workers in processes of their own: one that dies is begun anew, and the input that kills it is found and told."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Any, cast

from jumok.errors import RunError
from jumok.files import spelt_out
from jumok.scale.parts import Part, PartAnswer
from jumok.scale.worker import Order

WORKER = ("-m", "jumok.scale.worker")  # what the interpreter is given
MOST_DEATHS = 10  # of workers one after another, without any answer between them
LAST_WORDS = 2000  # bytes of what a dead process said that are looked at


class AnswererDied(Exception):
    """A worker ended while it was asked; the message says how."""


def shared_threads(processes: int) -> dict[str, str]:
    """Variables by which several workers share the processors, unless the environment has its own."""
    if "OMP_NUM_THREADS" in os.environ:
        return {}
    return {"OMP_NUM_THREADS": str(max(1, len(os.sched_getaffinity(0)) // processes))}


class AnsweringProcess:
    """One process that answers what it is asked."""

    def __init__(self, order: Order, environment: dict[str, str], program: Sequence[str] = WORKER) -> None:
        self.talk = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `end`)
        self.process = subprocess.Popen(
            [sys.executable, *program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.talk,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for us, who end it
            env=os.environ | environment,
        )
        self.order = order

    def begin(self) -> list[str]:
        """Wait until it has loaded the model; gives remarks about that, and raises RunError where it cannot."""
        try:
            return [str(note) for note in self.ask(self.order._asdict())["ready"]]
        except AnswererDied as death:
            raise RunError(f"a process could not load the model: {death}") from None

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question; raises AnswererDied, or RunError with what the worker says."""
        source, out = cast(IO[str], self.process.stdin), cast(IO[str], self.process.stdout)
        try:
            source.write(json.dumps(question) + "\n")
            source.flush()
            line = out.readline()
        except (OSError, ValueError):  # ValueError: `end` has closed the pipes
            line = ""
        if not line.endswith("\n"):
            raise AnswererDied(self.how_it_died())
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise RunError(answer["failed"])
        return answer

    def how_it_died(self) -> str:
        """A sentence about a process that ended without a word."""
        status = self.process.wait()
        if status == -signal.SIGKILL:
            return "its process was killed (signal 9); often there is too little memory for it"
        if status < 0:
            return f"its process was ended by signal {-status}"
        self.talk.seek(0, os.SEEK_END)
        self.talk.seek(max(0, self.talk.tell() - LAST_WORDS))
        said = self.talk.read().decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        return f"its process ended with status {status}: {said[-1]}"

    def kill(self) -> None:
        """End the process at once, from any thread."""
        with suppress(ProcessLookupError):
            self.process.kill()

    def end(self) -> None:
        """End the process, and forget it."""
        self.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.talk):
            with suppress(OSError):
                cast(IO[Any], pipe).close()


class PartAnswerer:
    """Answers parts by one worker; a part that kills it is done again input by input.

    An input that kills the worker alone has no answer; it is told, and the others go on.
    """

    def __init__(
        self,
        order: Order,
        environment: dict[str, str],
        on_notes: Callable[[list[str]], None] = lambda notes: None,
        program: Sequence[str] = WORKER,
    ) -> None:
        self.order, self.environment, self.on_notes, self.program = order, environment, on_notes, program
        self.worker: AnsweringProcess | None = None
        self.deaths = 0  # since the last answer
        self.ended = False

    def answer(self, part: Part) -> PartAnswer:
        """Answer a part; raises RunError where workers die whatever they are asked."""
        try:
            return self.ask(part.first, part.items)
        except AnswererDied:
            pass
        return joined_answers([self.answer_alone(part.first + i, item) for i, item in enumerate(part.items)])

    def answer_alone(self, first: int, item: Any) -> PartAnswer:
        """Answer one input of a part that killed a worker."""
        try:
            return self.ask(first, [item])
        except AnswererDied as death:
            return self.unanswered(first, item, f"asked with others and then alone, {death}")

    def unanswered(self, first: int, item: Any, why: str) -> PartAnswer:
        """What is kept of an input without an answer, which is written as one that cannot be read."""
        name = spelt_out(item if isinstance(item, str) else item[0])
        if self.order.form == "images":  # what is told of an image names it
            why = f"{name}: {why}"
        records = {"lines": "", "images": {"unread": {"file_name": name, "error": why}}}
        record = records.get(self.order.form, {"input": name, "error": why})
        return PartAnswer([record], [(first + 1, why)], [], {})

    def ask(self, first: int, items: list[Any]) -> PartAnswer:
        """Ask the worker, which is begun where there is none."""
        if self.worker is None:
            self.worker = AnsweringProcess(self.order, self.environment, self.program)
            if self.ended:  # while it was begun
                self.worker.kill()
            self.on_notes(self.worker.begin())
        try:
            answer = PartAnswer(**self.worker.ask({"first": first, "items": items}))
        except AnswererDied as death:
            self.bury(death)
            raise
        self.deaths = 0
        return answer

    def bury(self, death: AnswererDied) -> None:
        """Forget a dead worker; raises RunError after too many."""
        if self.worker is not None:
            self.worker.end()
        self.worker = None
        self.deaths += 1
        if self.ended or self.deaths >= MOST_DEATHS:
            raise RunError(
                f"{self.deaths} processes died one after another, the last one: {death}; finished parts are kept, and "
                "the same command goes on from them, for example with fewer --processes"
            ) from None

    def stop(self) -> None:
        """End the worker, from another thread."""
        self.ended = True
        if (worker := self.worker) is not None:
            worker.kill()

    def close(self) -> None:
        """End the worker and give its pipes back."""
        self.ended = True
        if self.worker is not None:
            self.worker.end()
            self.worker = None


def joined_answers(answers: Sequence[PartAnswer]) -> PartAnswer:
    """The answers to inputs that follow one another as that to a part."""
    unknown: dict[str, int] = {}
    for one in answers:
        for piece, number in one.unknown.items():
            unknown.setdefault(piece, number)
    return PartAnswer(
        [record for one in answers for record in one.records],
        [fault for one in answers for fault in one.faults],
        [number for one in answers for number in one.empty],
        unknown,
    )
