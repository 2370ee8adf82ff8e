"""The finished parts of a job, in a folder beside its output, and the plan that they belong to."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from jumok.errors import DataError
from jumok.files import read_whole, remove, remove_left, unwritable, write_file_atomically, write_json
from jumok.outputs import digest_of
from jumok.runs.layout import is_exported, model_folder
from jumok.runs.ownership import owned

PARTS_PLAN, PARTS_LOCK = "plan.json", ".lock"
PER_PROCESS = 4  # parts that each process gets at least, so that all end at about the same time
LEAST_INPUTS = 64  # inputs of a part, below which batches are small


class Part(NamedTuple):
    """Some inputs of a job that follow one another."""

    number: int  # of the part, from 1
    first: int  # the number of its first input in the job, from 0
    items: list[Any]  # its inputs, as JSON has them


class PartAnswer(NamedTuple):
    """What became of a part, as it is kept."""

    records: list[Any]  # what is written for each input, as JSON
    faults: list[tuple[int, str]]  # numbers of the inputs, from 1, that have no answer, and why
    empty: list[int]  # numbers of inputs without content
    unknown: dict[str, int]  # pieces that training never saw, and the number of the first input with each


@dataclass(frozen=True)
class PartsPlan:
    """What is predicted; parts of another plan are of no use."""

    count: int  # of the inputs
    inputs: str  # a digest of them
    model: str  # a digest of the files of the model
    options: dict[str, Any]  # all that changes an answer or how it is written

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON, by what a sentence calls its members."""
        inputs = {"count": self.count, "sha256": self.inputs}
        return {"jumok": version("jumok"), "inputs": inputs, "model": self.model, "options": self.options}


def digest_items(items: Iterable[Any]) -> tuple[int, str]:
    """How many inputs there are, and a digest of all."""
    count, found = 0, hashlib.sha256()
    for item in items:
        found.update(json.dumps(item).encode() + b"\n")
        count += 1
    return count, found.hexdigest()


def digest_of_model(run: Path) -> str:
    """A digest of all files of the model of a run, or of an exported one."""
    folder = run if is_exported(run) else model_folder(run)
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    listed = [[file.relative_to(folder).as_posix(), digest_of(file)] for file in files]
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()


def part_size(count: int, processes: int, most: int) -> int:
    """How many inputs a part has: as many as are answered together, or fewer where that leaves a process idle.

    Args:
        count: How many inputs there are.
        processes: How many processes answer them.
        most: How many are answered together at most.

    Returns:
        The number.
    """
    even, fine = -(-count // processes), -(-count // (PER_PROCESS * processes))
    return max(1, min(most, even, max(fine, LEAST_INPUTS)))


class PartsFolder:
    """Finished parts as NUMBER.json, and plan.json; only what was written here is ever removed."""

    def __init__(self, output: Path) -> None:
        self.folder = output.with_name(f"{output.name}.parts")
        self.size, self.count = 1, 0

    @contextmanager
    def open(self, plan: PartsPlan, size: int, overwrite: bool) -> Iterator[None]:
        """Own the folder while its parts are made.

        Args:
            plan: What is predicted; parts of another plan are refused.
            size: How many inputs a part has, where none are there yet.
            overwrite: Whether parts of another plan are removed.
        """
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise unwritable(self.folder, error) from None
        in_use = f"{self.folder}: another process is working here; wait for it, or name another --output"
        with owned(self.folder / PARTS_LOCK, lambda _: DataError(in_use)):
            self._begin(plan, size, overwrite)
            yield

    def _begin(self, plan: PartsPlan, size: int, overwrite: bool) -> None:
        now, before = plan.to_json(), self._read_plan()
        self.count = plan.count
        others = [name for name, value in now.items() if before is not None and before.get(name) != value]
        if others and not overwrite:
            raise DataError(
                f"{self.folder} holds finished parts of another prediction ({', '.join(others)} differ); repeat that "
                "one to go on with it, name another --output, or add --overwrite to begin anew"
            )
        if others:
            self.remove_parts()
        if others or before is None:
            write_json(self.folder / PARTS_PLAN, {**now, "size": size})
            before = {"size": size}
        self.size = before["size"]
        remove_left(self.folder, [PARTS_PLAN, *(self.file(number).name for number in self.numbers)])

    def _read_plan(self) -> dict[str, Any] | None:
        """The plan that is there; None in a new folder."""
        file = self.folder / PARTS_PLAN
        if not file.exists():
            if strange := sorted(name for name in os.listdir(self.folder) if not name.startswith(".")):
                raise DataError(
                    f"{self.folder} holds other things ({strange[0]}), and finished parts would lie there; "
                    "name another --output"
                )
            return None
        try:
            found = json.loads(read_whole(file))
        except (OSError, ValueError):
            found = None
        if not isinstance(found, dict) or not isinstance(found.get("size"), int) or found["size"] < 1:
            return {"size": 1}  # damaged: nothing in it agrees with any plan
        return found

    @property
    def numbers(self) -> range:
        """The numbers of all parts."""
        return range(1, -(-self.count // self.size) + 1)

    def file(self, number: int) -> Path:
        """Where a part is kept."""
        return self.folder / f"{number:06}.json"

    def length(self, number: int) -> int:
        """How many inputs a part has."""
        return min(self.size, self.count - (number - 1) * self.size)

    def read(self, number: int) -> PartAnswer | None:
        """A finished part; None where it is not there whole."""
        try:
            found = PartAnswer(**json.loads(read_whole(self.file(number))))
        except (OSError, ValueError, TypeError):
            return None
        return found if len(found.records) == self.length(number) else None

    def keep(self, number: int, answer: PartAnswer) -> None:
        """Write a part, whole or not at all."""
        write_file_atomically(self.file(number), json.dumps(answer._asdict()).encode())

    def finished(self) -> set[int]:
        """The numbers of parts that need not be done again."""
        return {number for number in self.numbers if self.read(number) is not None}

    def unfinished(self, items: Iterable[Any], finished: set[int]) -> Iterator[Part]:
        """The parts that are still to be answered, with their inputs, which are read as they are needed."""
        rest = iter(items)
        for number in self.numbers:
            block = list(islice(rest, self.size))
            if number not in finished:
                yield Part(number, (number - 1) * self.size, block)

    def remove_parts(self) -> None:
        """Remove all parts, and then the plan."""
        for file in self.folder.glob("[0-9]*.json"):
            if file.stem.isdigit():
                remove(file)
        remove(self.folder / PARTS_PLAN)

    def remove_all(self) -> None:
        """Remove all that is here, when the output is whole."""
        self.remove_parts()
        remove(self.folder / PARTS_LOCK)
        try:
            self.folder.rmdir()
        except OSError:  # somebody else has put something there
            return
