"""`jumok predict`."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jumok.cli.answers import Answer, Answers, print_json_array, write_json, write_lines
from jumok.cli.inputs import Input, InputWarnings, parsed, read_lines, refuse_own_output, require_file
from jumok.cli.options import Beam, Device, Json, Method, Overwrite, Precision, Run
from jumok.console import say
from jumok.errors import DataError
from jumok.files import not_text, spelt_out
from jumok.outputs import open_output, require_free
from jumok.predictor.folder import require_run

if TYPE_CHECKING:
    from jumok.predictor import Predictor

AT_ONCE = 2000  # inputs that are sorted by length and answered together
IMAGES_AT_ONCE = 32
STDIN = Path("/dev/stdin")
TOLD_UNREAD = 20  # unreadable images that are told one by one

Ask = Callable[[Sequence[Input], int, Callable[[int], None]], Sequence[Answer]]


def register(app: typer.Typer) -> None:
    app.command(name="predict", epilog="Example: `jumok predict runs/translate 'Ein Hund rennt.'`")(command)


def command(
    run: Run,
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT",
            help="Texts; or images, and folders of them. Else, or where it is -, standard input.",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Texts or paths of images, one a line; plain or .gz; - is standard input."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Where answers go, a file; for images a folder. Standard output by default."),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    best: Annotated[int | None, typer.Option(help="Answers for each input (with --json: n_best).")] = None,
    beam: Beam = None,
    method: Method = None,
    length_penalty: Annotated[
        float | None, typer.Option(help="Scores are divided by length to this power.")
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="For --method sample.")] = None,
    top_k: Annotated[int | None, typer.Option(help="For --method sample.")] = None,
    top_p: Annotated[float | None, typer.Option(help="For --method sample.")] = None,
    seed: Annotated[int | None, typer.Option(help="For --method sample.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="The longest answer.")] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            "--score",
            min=0.0,
            max=1.0,
            help="Boxes are told and drawn from this score on; by default that of the best F1 in training.",
        ),
    ] = None,
    device: Device = "auto",
    precision: Precision = None,
) -> None:
    """Answer inputs with the best model of a run: one line out for each line in, in the same order.

    With --best several answers stand on a line, with tabs between them. Images of a folder are named before a tab.

    A model with several inputs reads one JSON object a line, with a text for each input by name.

    Images: with --output FOLDER there are pictures NAME.jpg with what was found, and predictions.json: for boxes in
    COCO's format of results, with boxes of every score; for masks and texts an object for each image. Masks are
    also images, masks/NAME.png. An image_id is the name of the file as a number where all names are numbers, else the
    name without its suffix (with folders, where names alone are equal); images.json says which image and category is
    which, and stands for the annotations where a program of COCO's wants them. An image that cannot be read is told
    at the end, exit status 2, and the others are done.
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
    if texts and file is not None:
        raise DataError("inputs came as arguments and by --file; give one of them")
    require_run(run)
    require_file(file)
    if output is None and not texts:
        refuse_own_output(file)
    from jumok.cli.image_files import listed_images, named_images
    from jumok.predictor import load

    predictor = load(run, device, decoding)
    for note in predictor.notes:
        say(f"note: {note}")
    if threshold is not None and all(kind.score_threshold is None for kind in predictor.outputs.values()):
        raise DataError("--threshold is for models that find objects; the answers of this one are told whole")
    predictor.least = threshold
    listed = [] if texts else [STDIN if file is None or str(file) == "-" else file]
    with ExitStack() as stack:
        at_keyboard = not texts and file is None and sys.stdin.isatty()
        inputs = iter(texts) if texts else read_lines(stack, file)
        if reads_images(predictor):
            images = named_images(texts) if texts else listed_images(inputs, str(file or "standard input"))
            named = any(os.path.isdir(text) for text in texts or ())
            to = ImageOutput(output, overwrite, listed, json, named)
            predict_images(predictor, images if at_keyboard else list(images), to, threshold)
            return
        if output is not None:
            require_free(output, listed, overwrite, ", or add --overwrite to replace it")
        answers = answered(predictor, inputs, 1 if at_keyboard else AT_ONCE, predictor.predict)
        if output is not None:
            (write_json if json else write_lines)(stack.enter_context(open_output(output)), answers)
        else:
            (print_json_array if json else partial(write_lines, sys.stdout))(answers)


def reads_images(predictor: "Predictor") -> bool:
    """Whether an input is the path of one image."""
    (*several, kind) = predictor.inputs.values()
    return not several and kind.reads_files


@dataclass(frozen=True)
class ImageOutput:
    """Where answers to images go: a folder, or lines on standard output."""

    folder: Path | None
    overwrite: bool
    lists: Sequence[Path]  # files that name the images, which must not be lost
    json: bool
    named: bool  # whether lines name the image, as they must where only a folder was named


def predict_images(
    predictor: "Predictor", images: Iterable[Path], to: ImageOutput, threshold: float | None
) -> None:
    """Answer images, on standard output or in a folder; DataError at the end when some could not be read."""
    from jumok.cli.image_results import IMAGES, PREDICTIONS, ImageResults

    folder: ImageResults | None = None
    if to.folder is not None:
        images = deduplicate(images)
        (read,), (said,) = predictor.inputs.values(), predictor.outputs.values()
        folder = ImageResults(to.folder, read, said, images, to.overwrite, to.lists)
    at_once = IMAGES_AT_ONCE if isinstance(images, list) else 1
    outcome = JobSummary(threshold)
    answers = answered(predictor, map(str, images), at_once, partial(answer_readable, predictor))
    if folder is not None:
        folder.write(
            answer if isinstance(answer, DataError) else answer[said.name]
            for _, answer in outcome.of(answers)
        )
        say(f"{to.folder}: {PREDICTIONS}, {IMAGES} and {outcome.done:,} pictures")
        if said.score_threshold is not None:
            least = said.score_threshold if threshold is None else threshold
            say(f"objects are drawn from a score of {least:g} on; --threshold takes another")
    elif to.json:
        print_json_array(outcome.of(answers))
    else:
        write_lines(sys.stdout, outcome.of(answers), to.named)
    outcome.tell()


def deduplicate(images: Iterable[Path]) -> list[Path]:
    """Each file once, in order, with a word about those that came again."""
    given = list(images)
    first = {image.resolve(): image for image in reversed(given)}
    kept = [image for image in dict.fromkeys(given) if first[image.resolve()] is image]
    if len(kept) < len(given):
        say(f"note: {len(given) - len(kept)} image(s) came more than once and are answered once")
    return kept


def answer_readable(
    predictor: "Predictor", values: Sequence[Input], first: int, progress: Callable[[int], None]
) -> Sequence[Answer]:
    """All answers at once; where an input cannot be read, one by one, with the reason in its place."""
    try:
        return predictor.predict(values, first, progress)
    except DataError:
        return [answer_or_reason(predictor, value, first + i) for i, value in enumerate(values)]


def answer_or_reason(predictor: "Predictor", value: Input, number: int) -> Answer:
    try:
        return predictor.predict([value], number)[0]
    except DataError as error:
        return error


class JobSummary:
    """What became of images while they were answered."""

    def __init__(self, threshold: float | None) -> None:
        self.threshold = threshold
        self.done = 0
        self.unread: list[DataError] = []

    def of(self, answers: Answers) -> Iterator[tuple[Input, Answer]]:
        """The same answers, counted, and told from the score on that was asked for."""
        for value, answer in answers:
            if isinstance(value, str) and not_text(value):
                value = spelt_out(value)
                answer = DataError(f"{value}: the name is not UTF-8; rename the file")
            if isinstance(answer, DataError):
                self.unread.append(answer)
            else:
                self.done += 1
                answer = answer if self.threshold is None else answer.with_score_threshold(self.threshold)
            yield value, answer

    def tell(self) -> None:
        """DataError where something could not be read."""
        for reason in self.unread[:TOLD_UNREAD]:
            say(f"not read: {reason}")
        if self.unread:
            count = f"{len(self.unread):,} of {self.done + len(self.unread):,} images"
            raise DataError(f"{count} could not be read; the others are done")


def answered(
    predictor: "Predictor", inputs: Iterator[str], at_once: int, ask: Ask
) -> Iterator[tuple[Input, Answer]]:
    """Inputs with their answers, a block at a time, so that a file may be larger than memory."""
    from rich.progress import Progress

    from jumok.console import talk

    done, notes = 0, InputWarnings(predictor)
    with Progress(
        *Progress.get_default_columns()[:1],
        "{task.completed:,} done",
        console=talk,
        transient=True,
        disable=not talk.is_terminal,
    ) as bar:
        task = bar.add_task("predicting", total=None)
        while block := list(islice(inputs, at_once)):
            values = [parsed(text, done + i + 1, predictor) for i, text in enumerate(block)]
            for i, value in enumerate(values):
                notes.look(value, done + i + 1)
            found = ask(values, done, lambda count: bar.advance(task, count))
            yield from zip(values, found, strict=True)
            done += len(block)
    notes.tell()
