"""Answer a stream of inputs, a block at a time, so that it may be larger than memory."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, pairwise
from pathlib import Path

from jumok.errors import DataError
from jumok.files import not_text, spelt_out
from jumok.predictor.jobs.events import Answered, Input, JobEvent, JobProgress, PredictionOrError
from jumok.predictor.jobs.inputs import InputWarnings, line_fault, parsed
from jumok.predictor.predictor import Predictor

AT_ONCE = 2000  # inputs that are sorted by length and answered together
IMAGES_AT_ONCE = 32

Ask = Callable[
    [Sequence[Input], int], Iterator[Mapping[int, PredictionOrError]]
]  # inputs, the number of the first one


def answer_lines(
    predictor: Predictor, lines: Iterable[str], at_once: int = AT_ONCE, json_lines: bool = False
) -> Iterator[JobEvent]:
    """Answer texts in their order; for a model with several inputs, JSON objects with a text for each by name.

    The answer to a line that is not UTF-8 is a DataError, and the others go on.

    Args:
        predictor: What answers.
        lines: The inputs, read as they are needed.
        at_once: How many are read and answered together.
        json_lines: Whether lines are JSON also where the model has one input.

    Raises:
        DataError: An input cannot be read.
    """
    return _answer(predictor, iter(lines), at_once, predictor.predict_batches, json_lines)


def answer_images(
    predictor: Predictor,
    images: Iterable[Path],
    threshold: float | None = None,
    at_once: int = IMAGES_AT_ONCE,
) -> Iterator[JobEvent]:
    """Answer images in their order; the answer to one that cannot be read is a DataError, and the others go on.

    Args:
        predictor: What answers, a model whose one input is an image.
        images: Their files, named as they are needed.
        threshold: Objects below this score are left out.
        at_once: How many images are read and answered together.
    """
    predictor = predictor.with_least_score(threshold)
    for event in _answer(predictor, map(str, images), at_once, partial(_readable, predictor)):
        yield above_threshold(event, threshold) if isinstance(event, Answered) else event


def _answer(
    predictor: Predictor, inputs: Iterator[str], at_once: int, ask: Ask, json_lines: bool = False
) -> Iterator[JobEvent]:
    done, warnings = 0, InputWarnings(predictor)
    while block := list(islice(inputs, at_once)):
        faults = faults_of(predictor, block, done)
        values: list[Input] = [
            spelt_out(text) if i in faults else parsed(text, done + i + 1, predictor, json_lines)
            for i, text in enumerate(block)
        ]
        answers: dict[int, PredictionOrError] = dict(faults)
        for run in runs_without(faults, len(block)):
            for i in run:
                warnings.look(values[i], done + i + 1)
            for found in ask(values[run.start : run.stop], done + run.start):
                answers.update({run.start + i: answer for i, answer in found.items()})
                yield JobProgress(done + len(answers))
        yield from (Answered(value, answers[i]) for i, value in enumerate(values))
        done += len(block)
    yield from warnings.all()


def faults_of(predictor: Predictor, texts: Sequence[str], first: int) -> dict[int, DataError]:
    """The lines that are not UTF-8, by their place, with the reason; `first` is the number of the first one, from 0."""
    found = {i: line_fault(text, first + i + 1, predictor) for i, text in enumerate(texts)}
    return {i: fault for i, fault in found.items() if fault is not None}


def runs_without(faults: Collection[int], count: int) -> list[range]:
    """The stretches of so many places in which there is no fault."""
    edges = [-1, *sorted(faults), count]
    found = (range(before + 1, after) for before, after in pairwise(edges))
    return [run for run in found if run]


def _readable(
    predictor: Predictor, values: Sequence[Input], first: int
) -> Iterator[Mapping[int, PredictionOrError]]:
    """All answers; if an input cannot be read, each is predicted alone, with the error in place of that one."""
    try:
        yield from predictor.predict_batches(values, first)
    except DataError:
        for i, value in enumerate(values):
            yield {i: _answer_or_reason(predictor, value, first + i)}


def _answer_or_reason(predictor: Predictor, value: Input, number: int) -> PredictionOrError:
    try:
        return predictor.predict([value], number)[0]
    except DataError as error:
        return error


def above_threshold(answered: Answered, threshold: float | None) -> Answered:
    """An image's prediction above the threshold, or a DataError if its name is no file name."""
    value, answer = answered
    if isinstance(value, str) and not_text(value):
        value = spelt_out(value)
        return Answered(value, DataError(f"{value}: the name is not UTF-8; rename the file"))
    if threshold is None or isinstance(answer, DataError):
        return answered
    return Answered(value, answer.with_score_threshold(threshold))


def answer_block(
    predictor: Predictor,
    texts: Sequence[str],
    first: int,
    warnings: InputWarnings,
    json_lines: bool = False,
) -> list[Answered]:
    """Answer some lines of a job together, or images; the answer to one that cannot be read is a DataError.

    Args:
        predictor: What answers.
        texts: The inputs.
        first: The number of the first one in the whole job, from 0.
        warnings: Takes in what a user should know of the inputs.
        json_lines: Whether lines are JSON also where the model has one input.

    Returns:
        The inputs with their answers, in their order.
    """
    values: list[Input] = list(texts)
    faults = faults_of(predictor, texts, first)
    for i, text in enumerate(texts):
        if i in faults:
            values[i] = spelt_out(text)
            continue
        try:
            values[i] = parsed(text, first + i + 1, predictor, json_lines)
            warnings.look(values[i], first + i + 1)
        except DataError as error:
            faults[i] = error
    answers = _halved(predictor, values, first)
    return [Answered(value, faults.get(i, answers[i])) for i, value in enumerate(values)]


def _halved(predictor: Predictor, values: Sequence[Input], first: int) -> list[PredictionOrError]:
    """All answers; while an input cannot be read, both halves are predicted apart, down to that one."""
    try:
        return list(predictor.predict(values, first))
    except DataError as error:
        if len(values) == 1:
            return [error]
    half = len(values) // 2
    return [*_halved(predictor, values[:half], first), *_halved(predictor, values[half:], first + half)]


class JobSummary:
    """What became of the inputs of a job."""

    def __init__(self) -> None:
        self.done = 0
        self.unread: list[DataError] = []

    def counted(self, answers: Iterable[Answered]) -> Iterator[Answered]:
        """The same answers, counted as they pass."""
        for one in answers:
            if isinstance(one.answer, DataError):
                self.unread.append(one.answer)
            else:
                self.done += 1
            yield one
