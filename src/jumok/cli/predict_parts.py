"""`jumok predict` by several processes: in parts, which the same command goes on with after a stop."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jumok.cli.inputs import image_lines, is_stdin
from jumok.cli.predict import (
    TOLD_UNREAD,
    Request,
    draws_charts,
    reads_images,
    refuse_threshold,
    say_warnings,
    show_progress,
    tell_image_results,
)
from jumok.console import say
from jumok.deferred import import_extra
from jumok.errors import DataError, Interrupted
from jumok.outputs import is_special, require_free
from jumok.predictor.jobs.image_files import each_once, listed_images, named_images
from jumok.predictor.jobs.inputs import lines_of
from jumok.scale.forms import FILE_FORMS, ChartsForm, Form, ImagesForm, file_form, image_items
from jumok.scale.job import (
    Crew,
    PartsEnd,
    PartsEvent,
    PartsFinished,
    PartsJob,
    WorkerNote,
    answer_in_parts,
    local_crew,
)
from jumok.scale.tables import PARQUET, parquet_lines
from jumok.scale.worker import Order
from jumok.wording import quantity

if TYPE_CHECKING:
    from jumok.predictor import Predictor


class Lines:
    """The lines that are asked for, from the first one each time."""

    def __init__(self, asked: Request, inputs: Iterable[str]) -> None:
        self.asked, self.inputs = asked, list(inputs)

    def __call__(self) -> Iterator[str]:
        if self.asked.file is None:
            yield from self.asked.texts
            return
        if self.asked.file.suffix == PARQUET:
            yield from parquet_lines(self.asked.file, self.inputs)
            return
        with ExitStack() as stack:
            yield from lines_of(stack, self.asked.file)


@contextmanager
def crew_of(engine: str | None, processes: int | None) -> Iterator[tuple[Crew, int]]:
    """Who answers, and how many they are; by default as many as a cluster has processors."""
    if engine is None:
        yield local_crew(processes or 1), processes or 1
        return
    from jumok.scale.ray_crew import RayCluster

    cluster = RayCluster()
    try:
        processes = min(processes or cluster.processors, cluster.processors)
        yield cluster.crew(processes), processes
    finally:
        cluster.close()


def predict_in_parts(
    run: Path,
    asked: Request,
    decoding: dict[str, Any],
    device: str,
    processes: int | None,
    engine: str | None,
) -> None:
    """Answer inputs by several processes.

    Args:
        run: The run, a model folder or an exported model.
        asked: What is to be predicted, and where the results go.
        decoding: Changes of the decoding options.
        device: The device of each process.
        processes: How many there are; by default one for each processor of a cluster.
        engine: "ray", or None for processes of this machine.

    Raises:
        DataError: Some inputs have no answer; raised at the end.
        Interrupted: It was stopped; the same command goes on.
    """
    output = output_of(asked)
    if engine is not None:
        import_extra("ray.data", "scale", "--engine ray")
    from jumok.predictor import load

    predictor = load(run, "cpu", decoding)  # for what it reads and writes; the workers answer
    refuse_threshold(predictor, asked)
    written = what_is_written(predictor, asked, output)
    order = Order(
        str(run.absolute()),
        device,
        decoding,
        asked.threshold,
        written.kind,
        str(output.absolute()),
        asked.json_lines and written.kind != "images",  # which are paths by then
    )
    try:
        with crew_of(engine, processes) as (crew, count):
            job = PartsJob(order, written.form, written.read, count, asked.overwrite, written.stamps)
            (end,) = show_progress(told_at_once(answer_in_parts(job, crew)))
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped; finished parts are in {output}.parts, and the same command goes on from here"
        ) from None
    tell_end(predictor, asked, output, written.kind, end)


def output_of(asked: Request) -> Path:
    """Where the answers go; DataError where parts cannot be kept beside it, or inputs not be read again."""
    if asked.output is None or is_special(asked.output):
        raise DataError(
            "--processes needs a file or folder as --output: finished parts are kept beside it, so that the same "
            "command goes on after a stop"
        )
    if not asked.texts and (asked.file is None or is_stdin(asked.file) or is_special(asked.file)):
        raise DataError(
            "--processes reads its inputs more than once, which standard input does not allow; name them, or their "
            "list by --file"
        )
    return asked.output


class JobOutput(NamedTuple):
    """How the answers of a job are written, and what it reads."""

    kind: str  # as `worker_form` has them
    form: Form
    read: Any  # gives the inputs, from the first one, as often as it is called
    stamps: Sequence[Any] = ()


def what_is_written(predictor: "Predictor", asked: Request, output: Path) -> JobOutput:
    """How the answers of this model are written; raises DataError where something of others would be lost.

    Args:
        predictor: The predictor.
        asked: What is to be predicted.
        output: Where the answers go.
    """
    lines = Lines(asked, predictor.inputs)
    if reads_images(predictor):
        return images_written(predictor, asked, output)
    if draws_charts(predictor, output):
        from jumok.predictor.jobs.chart_results import ChartResults

        count = sum(1 for _ in lines())
        return JobOutput(
            "charts",
            ChartsForm(ChartResults(output, predictor, count, asked.overwrite, asked.lists)),
            lines,
        )
    require_free(output, asked.lists, asked.overwrite, ", or add --overwrite to replace it")
    kind = file_form(output, asked.json)
    return JobOutput(kind, FILE_FORMS[kind](output), lines)


def images_written(predictor: "Predictor", asked: Request, output: Path) -> JobOutput:
    """How the answers of a model that reads images are written.

    Args:
        predictor: The predictor.
        asked: What is to be predicted.
        output: The folder.
    """
    from jumok.predictor.jobs.image_results import ImageResults

    lines = image_lines(Lines(asked, predictor.inputs)(), asked.json_lines, *predictor.inputs)
    found = named_images(lines) if asked.texts else listed_images(lines, str(asked.file))
    once, repeated = each_once(say_warnings(found))
    for warning in repeated:
        say(f"note: {warning}")
    (read,) = predictor.inputs.values()
    results = ImageResults(output, read, predictor.outputs, once, asked.overwrite, asked.lists)
    items = image_items(results)
    return JobOutput("images", ImagesForm(results, asked.threshold), lambda: items, list(map(stamp_of, once)))


def stamp_of(file: Path) -> tuple[int, int]:
    """The size and time of a file, which change with its content."""
    status = os.stat(file)
    return status.st_size, status.st_mtime_ns


def told_at_once(events: Iterable[PartsEvent]) -> Iterator[PartsEvent]:
    """The events of a job; what is to be known at its beginning is printed."""
    for event in events:
        if isinstance(event, PartsFinished | WorkerNote):
            say(f"note: {event}")
        else:
            yield event


def tell_end(predictor: "Predictor", asked: Request, output: Path, kind: str, end: PartsEnd) -> None:
    """Print what was written and which inputs have no answer; DataError if there are any.

    Args:
        predictor: The predictor.
        asked: What was to be predicted.
        output: Where the answers are.
        kind: How they are written.
        end: How the job ended.
    """
    if kind == "images":
        tell_image_results(predictor, output, asked, end.inputs - len(end.faults))
    elif kind == "charts":
        from jumok.predictor.jobs.image_results import PREDICTIONS_FILE

        say(f"{output}: {PREDICTIONS_FILE} and {quantity(end.inputs - len(end.faults), 'chart')}")
    for number, why in end.faults[:TOLD_UNREAD]:
        named = kind == "images" or why.startswith((f"line {number}:", f"input {number}:"))
        said = why if named else f"input {number}: {why}"
        say(f"not read: {said}" if kind == "images" else f"no answer: {said}")
    if end.faults:
        what, how = ("image", "could not be read") if kind == "images" else ("input", "got no answer")
        raise DataError(f"{len(end.faults):,} of {quantity(end.inputs, what)} {how}; the others are done")
