"""The runs of the workbench, and the inspections of the last minutes."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from secrets import token_urlsafe
from threading import Lock
from typing import Any

from jumok.errors import DataError
from jumok.inspection.inspect import Inspection, input_page, inspect_input
from jumok.predictor.predictor import Predictor
from jumok.training.environment import installed
from jumok.workbench.examples import InputExample

KEPT = 16  # looks
ROOM = 2**31  # bytes of what they keep; the last one is kept however large it is


class ExpiredInspection(DataError):
    """The inspection has expired."""


@dataclass(frozen=True)
class LoadedRun:
    """A run that is looked into."""

    name: str
    predictor: Predictor
    summary: str
    examples: Sequence[InputExample]

    def to_json(self) -> dict[str, Any]:
        """The run with its inputs and examples as JSON."""
        inputs = [
            {"name": name, "kind": field.kind} | ({"optional": True} if field.is_optional else {})
            for name, field in self.predictor.inputs.items()
        ]
        examples = [example.to_json(number) for number, example in enumerate(self.examples)]
        return {"name": self.name, "summary": self.summary, "inputs": inputs, "examples": examples}


class Workbench:
    """Inspects runs, and keeps the last inspections by id. Only one model may run at a time."""

    def __init__(self, runs: Sequence[LoadedRun]) -> None:
        self.runs = runs
        self.looks: OrderedDict[str, Inspection] = OrderedDict()
        self.lock = Lock()

    def session(self) -> dict[str, Any]:
        """The runs and the version as JSON."""
        return {"runs": [run.to_json() for run in self.runs], "version": installed("jumok")}

    def run(self, number: object) -> LoadedRun:
        """The run of a number; DataError if there is none."""
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < len(self.runs):
            raise DataError(f"there is no run {number!r}; there are {len(self.runs)}, numbered from 0")
        return self.runs[number]

    def look(self, run: LoadedRun, values: Mapping[str, Any]) -> dict[str, Any]:
        """Inspect one input, keep the inspection, and return it as JSON."""
        made = replace(inspect_input(run.predictor, values, run.name), id=token_urlsafe(12))
        with self.lock:
            self.looks[str(made.id)] = made
            while len(self.looks) > KEPT or (len(self.looks) > 1 and self.size() > ROOM):
                self.looks.popitem(last=False)
        return made.to_json()

    def size(self) -> int:
        """The size of all kept inspections in bytes."""
        return sum(one.size for one in self.looks.values())

    def find(self, name: str) -> Inspection:
        """A kept inspection; its time starts anew."""
        with self.lock:
            if name not in self.looks:
                raise ExpiredInspection(
                    "this look is not kept any more; look again",
                    "이 화면의 내용은 더 이상 남아 있지 않습니다. 다시 살펴보세요.",
                )
            self.looks.move_to_end(name)
            return self.looks[name]


def values_of(run: LoadedRun, given: object) -> dict[str, Any]:
    """Inputs as a page gives them: texts, images that were read already, or the numbers of examples.

    A text for an image would be taken for a path of this machine, and is refused.
    """
    if not isinstance(given, Mapping):
        raise DataError('the inputs must be an object of values by name, like {"inputs": {"german": "..."}}')
    wrong = [str(name) for name in given if name not in run.predictor.inputs]
    if wrong:
        raise DataError(f"the model has no input {wrong[0]!r}; it reads {', '.join(run.predictor.inputs)}")
    return {name: parse_value(run, str(name), value) for name, value in given.items()}


def parse_value(run: LoadedRun, name: str, value: Any) -> Any:
    """One value of an input, as the page sent it.

    Args:
        run: The run.
        name: The name of the input.
        value: The value, or the number of an example.

    Returns:
        What the predictor reads.

    Raises:
        DataError: There is no such example, or the value is none of this kind.
    """
    if isinstance(value, Mapping) and set(value) == {"example"}:
        number = value["example"]
        if not isinstance(number, int) or not 0 <= number < len(run.examples):
            raise DataError(
                f"there is no example {number!r}; there are {len(run.examples)}",
                f"예시 {number!r}번은 없습니다. {len(run.examples)}개가 있습니다.",
            )
        return run.examples[number].values[name]
    return input_page(run.predictor.inputs[name]).parse_posted(value)
