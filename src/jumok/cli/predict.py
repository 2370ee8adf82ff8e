"""`jumok predict`."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from jumok.cli.inputs import image_lines, is_stdin, read_lines, refuse_own_output
from jumok.cli.options import BeamOption, Device, Json, Method, Overwrite, PrecisionOption, Run
from jumok.console import say
from jumok.errors import DataError
from jumok.outputs import open_output, require_free
from jumok.predictor.jobs.answers import is_json_lines, write_json_answers, write_json_lines, write_lines
from jumok.predictor.jobs.events import Answered, JobProgress, JobWarning
from jumok.predictor.jobs.inputs import require_file
from jumok.runs.layout import require_run
from jumok.wording import quantity

if TYPE_CHECKING:
    from jumok.predictor import Predictor
    from jumok.predictor.jobs.stream import JobSummary

EXAMPLE = "jumok predict runs/translate 'Ein Hund rennt.'"
IN_MEMORY = 32_000_000  # bytes of a JSON document that is not yet whole
STDIN = Path("/dev/stdin")
TOLD_UNREAD = 20  # unreadable images that are listed

Texts = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT",
        help="Texts; or images, and folders of them. Else, or where it is -, standard input.",
    ),
]
File = Annotated[
    Path | None,
    typer.Option(help="Texts or paths of images, one a line; plain or .gz; - is standard input."),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(help="Where answers go, a file; for images a folder. Standard output by default."),
]
Best = Annotated[int | None, typer.Option(help="Answers for each input (with --json: n_best).")]
LengthPenalty = Annotated[float | None, typer.Option(help="Scores are divided by length to this power.")]
SampleNumber = Annotated[float | None, typer.Option(help="For --method sample.")]
SampleCount = Annotated[int | None, typer.Option(help="For --method sample.")]
MaxTokens = Annotated[int | None, typer.Option(help="The longest answer.")]
ThresholdOption = Annotated[
    float | None,
    typer.Option(
        "--threshold",
        "--score",
        min=0.0,
        max=1.0,
        help="Boxes below this score are not shown; by default that of the best F1 in training.",
    ),
]
Processes = Annotated[
    int | None,
    typer.Option(min=1, help="How many answer at a time; needs --output, and goes on after a stop."),
]
EngineOption = Annotated[
    Literal["ray"] | None,
    typer.Option(help="ray: the processes are those of a Ray cluster, one a processor by default."),
]
Shown = TypeVar("Shown")


@dataclass(frozen=True)
class Request:
    """What is to be predicted, and where the results go."""

    texts: Sequence[str]  # where there are none, lines are read
    file: Path | None  # of the lines; standard input where none is named
    output: Path | None  # a file, or for images a folder; standard output where none is named
    overwrite: bool
    json: bool
    threshold: float | None

    @property
    def at_keyboard(self) -> bool:
        """Whether a person types the inputs, and waits for each answer."""
        return not self.texts and self.file is None and sys.stdin.isatty()

    @property
    def json_lines(self) -> bool:
        """Whether the name of the file says that each line is JSON, also where the model has one input."""
        return self.file is not None and is_json_lines(self.file)

    @property
    def lists(self) -> list[Path]:
        """Files that name the inputs, which must not be lost."""
        if self.texts:
            return []
        return [STDIN if self.file is None or is_stdin(self.file) else self.file]


def command(
    run: Run,
    texts: Texts = None,
    file: File = None,
    output: OutputOption = None,
    overwrite: Overwrite = False,
    json: Json = False,
    best: Best = None,
    beam: BeamOption = None,
    method: Method = None,
    length_penalty: LengthPenalty = None,
    temperature: SampleNumber = None,
    top_k: SampleCount = None,
    top_p: SampleNumber = None,
    seed: SampleCount = None,
    max_tokens: MaxTokens = None,
    threshold: ThresholdOption = None,
    device: Device = "auto",
    precision: PrecisionOption = None,
    processes: Processes = None,
    engine: EngineOption = None,
) -> None:
    """Answer inputs with the best model of a run: one line out for each line in, in the same order.

    With --best several answers stand on a line, with tabs between them; so do several outputs, each after its name.
    Images of a folder are named before a tab.

    A model with several inputs reads one JSON object a line, with a text for each input by name.

    Forecasts: with --output FOLDER there are charts NUMBER.png, and predictions.json, an object for each input.

    Images: with --output FOLDER there are images NAME.jpg with what was found, and predictions.json: for boxes in
    COCO's format of results, with boxes of every score; for masks and texts an object for each image. Masks are
    also images, masks/NAME.png. Of several outputs each has a folder of its own, and the images show them all.
    An image_id is the name of the file as a number where all names are numbers, else the name without its suffix
    (with folders, where names alone are equal); images.json says which image and category is which, and stands for
    the annotations where a program of COCO's wants them. An image that cannot be read is told at the end, exit
    status 2, and the others are done.

    With --processes the inputs are answered in parts, kept in OUTPUT.parts until all are there: after a stop or a kill
    the same command goes on. An input that cannot be read, or that kills its process, is told at the end, exit
    status 2, and the others are done.
    """
    decoding = {
        "best": best,
        "beam": beam,
        "method": method,
        "length_penalty": length_penalty,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "seed": seed,
        "max_tokens": max_tokens,
        "precision": precision,
    }
    if texts == ["-"]:
        texts, file = [], file or Path("-")
    asked = Request(texts or [], file, output, overwrite, json, threshold)
    refuse_unreadable(run, asked)
    if processes is not None or engine is not None:
        from jumok.cli.predict_parts import predict_in_parts

        return predict_in_parts(run, asked, decoding, device, processes, engine)
    from jumok.predictor import load

    predict_and_write(load(run, device, decoding), asked)


def refuse_unreadable(run: Path, asked: Request) -> None:
    """Before anything that takes long is loaded: JumokError where the run or the inputs are not there."""
    if asked.texts and asked.file is not None:
        raise DataError("inputs came as arguments and by --file; give one of them")
    require_run(run)
    if asked.file is not None and not is_stdin(asked.file):
        require_file(asked.file)
    if asked.output is None and not asked.texts:
        refuse_own_output(asked.file)


def predict_and_write(predictor: "Predictor", asked: Request) -> None:
    """Predict, and write the results."""
    for note in predictor.notes:
        say(f"note: {note}")
    refuse_threshold(predictor, asked)
    with ExitStack() as stack:
        lines = iter(asked.texts) if asked.texts else read_lines(stack, asked.file)
        if reads_images(predictor):
            predict_images(predictor, image_lines(lines, asked.json_lines, *predictor.inputs), asked)
        elif asked.output is not None and draws_charts(predictor, asked.output):
            write_chart_results(predictor, list(lines), asked.output, asked)
        else:
            predict_lines(predictor, lines, asked)


def refuse_threshold(predictor: "Predictor", asked: Request) -> None:
    """DataError where there is a threshold for a model whose answers have no scores."""
    finds = any(field.threshold is not None for field in predictor.outputs.values())
    if asked.threshold is not None and not finds:
        raise DataError("--threshold is for models that find objects; this one does not")


def reads_images(predictor: "Predictor") -> bool:
    """Whether an input is the path of one image."""
    (*several, field) = predictor.inputs.values()
    return not several and field.canvas is not None


def draws_charts(predictor: "Predictor", output: Path) -> bool:
    """Whether answers are drawn into a folder: a path that is one, or whose name has no suffix."""
    charts = any(field.chart is not None for field in predictor.outputs.values())
    return charts and (output.is_dir() or not (output.suffix or output.exists()))


def write_chart_results(predictor: "Predictor", lines: Sequence[str], folder: Path, asked: Request) -> None:
    """Write predictions and charts into a folder, and print what is in it.

    Args:
        predictor: The predictor.
        lines: The inputs.
        folder: The folder.
        asked: What is to be predicted, and where the results go.
    """
    from jumok.predictor.jobs.chart_results import ChartResults
    from jumok.predictor.jobs.image_results import PREDICTIONS_FILE
    from jumok.predictor.jobs.stream import JobSummary, answer_lines

    results, summary = ChartResults(folder, predictor, len(lines), asked.overwrite, asked.lists), JobSummary()
    answers = answer_lines(predictor, lines, json_lines=asked.json_lines)
    results.write(summary.counted(show_progress(answers)))
    say(f"{folder}: {PREDICTIONS_FILE} and {quantity(summary.done, 'chart')}")
    refuse_unanswered(summary)


def predict_lines(predictor: "Predictor", lines: Iterable[str], asked: Request) -> None:
    """Predict lines of text, and write to standard output or a file.

    Args:
        predictor: The predictor.
        lines: The inputs, one a line.
        asked: What is to be predicted, and where the results go.
    """
    from jumok.predictor.jobs.stream import AT_ONCE, JobSummary, answer_lines

    if asked.output is not None:
        require_free(asked.output, asked.lists, asked.overwrite, ", or add --overwrite to replace it")
    predictor = predictor.with_least_score(asked.threshold)
    summary, at_once = JobSummary(), 1 if asked.at_keyboard else AT_ONCE
    answers = summary.counted(show_progress(answer_lines(predictor, lines, at_once, asked.json_lines)))
    if asked.output is not None:
        in_json = write_json_lines if is_json_lines(asked.output) else write_json_answers
        with open_output(asked.output) as file:
            (in_json if asked.json else write_lines)(file, answers)
    else:
        (print_json_array if asked.json else partial(write_lines, sys.stdout))(answers)
    refuse_unanswered(summary)


def refuse_unanswered(summary: "JobSummary") -> None:
    """Print the first of the inputs that have no answer; DataError if there are any."""
    for reason in summary.unread[:TOLD_UNREAD]:
        say(f"no answer: {reason}")
    if summary.unread:
        count = f"{len(summary.unread):,} of {quantity(summary.done + len(summary.unread), 'input')}"
        raise DataError(f"{count} got no answer; the others are done")


def predict_images(predictor: "Predictor", lines: Iterable[str], asked: Request) -> None:
    """Predict images, and write to standard output or a folder.

    Args:
        predictor: The predictor.
        lines: The paths of images.
        asked: What is to be predicted, and where the results go.

    Raises:
        DataError: Some images could not be read; raised at the end.
    """
    from jumok.predictor.jobs.image_files import listed_images, named_images
    from jumok.predictor.jobs.stream import IMAGES_AT_ONCE, JobSummary, answer_images

    found = named_images(lines) if asked.texts else listed_images(lines, str(asked.file or "standard input"))
    images = say_warnings(found)
    if not asked.at_keyboard:
        images = iter(list(images))  # all are there before the first one is answered
    summary = JobSummary()
    if asked.output is not None:
        write_image_results(predictor, images, asked.output, asked, summary)
    else:
        at_once = 1 if asked.at_keyboard else IMAGES_AT_ONCE
        answers = summary.counted(show_progress(answer_images(predictor, images, asked.threshold, at_once)))
        named = any(os.path.isdir(text) for text in asked.texts)  # else lines need no name
        (print_json_array if asked.json else partial(write_lines, sys.stdout, named=named))(answers)
    refuse_unread(summary)


def write_image_results(
    predictor: "Predictor", images: Iterable[Path], folder: Path, asked: Request, summary: "JobSummary"
) -> None:
    """Write predictions and images into a folder, and print what is in it.

    Args:
        predictor: The predictor.
        images: The images.
        folder: The folder.
        asked: What is to be predicted, and where the results go.
        summary: Counts the inputs of the job.
    """
    from jumok.predictor.jobs.image_files import each_once
    from jumok.predictor.jobs.image_results import ImageResults
    from jumok.predictor.jobs.stream import answer_images

    once, repeated = each_once(images)
    for warning in repeated:
        say(f"note: {warning}")
    (read,) = predictor.inputs.values()
    results = ImageResults(folder, read, predictor.outputs, once, asked.overwrite, asked.lists)
    answers = summary.counted(show_progress(answer_images(predictor, once, asked.threshold)))
    results.write(one.answer for one in answers)
    tell_image_results(predictor, folder, asked, summary.done)


def tell_image_results(predictor: "Predictor", folder: Path, asked: Request, count: int) -> None:
    """Print what is in a folder of results.

    Args:
        predictor: The predictor.
        folder: The folder.
        asked: What was to be predicted.
        count: How many images were answered.
    """
    from jumok.predictor.jobs.image_results import IMAGES, PREDICTIONS_FILE

    several = " of each output" if len(predictor.outputs) > 1 else ""
    say(f"{folder}: {PREDICTIONS_FILE}, {IMAGES}{several} and {quantity(count, 'image')}")
    for name, threshold in ((name, one.threshold) for name, one in predictor.outputs.items()):
        if threshold is not None:
            least = threshold.score if asked.threshold is None else asked.threshold
            what = f"{name}: objects" if several else "objects"
            say(f"{what} below a score of {least:g} are not drawn; to change it, use --threshold")


def refuse_unread(summary: "JobSummary") -> None:
    """Print the first of the images that could not be read; DataError if there are any."""
    for reason in summary.unread[:TOLD_UNREAD]:
        say(f"not read: {reason}")
    if summary.unread:
        count = f"{len(summary.unread):,} of {quantity(summary.done + len(summary.unread), 'image')}"
        raise DataError(f"{count} could not be read; the others are done")


def say_warnings(images: Iterable[Path | JobWarning]) -> Iterator[Path]:
    """The images; warnings are printed as they come."""
    for one in images:
        if isinstance(one, JobWarning):
            say(f"note: {one}")
        else:
            yield one


def show_progress(events: Iterable[Shown | JobProgress | JobWarning]) -> Iterator[Shown]:
    """What a job gives, like answers, with a progress bar on a terminal; warnings are printed at the end."""
    from rich.progress import Progress as ProgressBar

    from jumok.console import talk

    warnings: list[JobWarning] = []
    with ProgressBar(
        *ProgressBar.get_default_columns()[:1],
        "{task.completed:,} done",
        console=talk,
        transient=True,
        disable=not talk.is_terminal,
    ) as bar:
        task = bar.add_task("predicting", total=None)
        for event in events:
            if isinstance(event, JobProgress):
                bar.update(task, completed=event.done)
            elif isinstance(event, JobWarning):
                warnings.append(event)
            else:
                yield event
    for warning in warnings:
        say(f"note: {warning}")


def print_json_array(answers: Iterable[Answered]) -> None:
    """The answers on standard output when all are there: half a document is of no use to any program."""
    with SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8", errors="backslashreplace") as whole:
        write_json_answers(whole, answers)  # type: ignore[arg-type]
        whole.seek(0)
        for part in iter(lambda: whole.read(1 << 20), ""):
            sys.stdout.write(part)
