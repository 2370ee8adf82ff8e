"""`jumok demo`."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from jumok.cli.options import Device, Json, Quiet, Set, going_on_in, on_device
from jumok.console import print_json, say
from jumok.errors import ConfigurationError
from jumok.runs.layout import EXPERIMENT, RunLayout
from jumok.wording import quantity

EXAMPLE = "jumok demo numbers --reverse"
SAMPLES = 6
LOOK = "jumok look {run}   # see what it looks at"


class Name(StrEnum):
    """The demos there are."""

    numbers = "numbers"
    pronounce = "pronounce"
    bottleneck = "bottleneck"
    digits = "digits"
    gestures = "gestures"
    questions = "questions"


class DigitsTask(StrEnum):
    """What the demo digits answers."""

    boxes = "boxes"
    mask = "mask"
    text = "text"


@dataclass(frozen=True)
class Demo:
    """What a demo is about, and what to try after it."""

    title: str
    file: Path
    run: Path
    next: tuple[str, ...]


def command(
    name: Annotated[
        Name,
        typer.Argument(
            metavar="DEMO", help="numbers, pronounce, bottleneck, digits, gestures or questions; see above."
        ),
    ] = Name.numbers,
    reverse: Annotated[bool, typer.Option("--reverse", help="For numbers: binary to decimal.")] = False,
    round_trip: Annotated[
        bool, typer.Option("--round-trip", help="For numbers: both directions, one after the other.")
    ] = False,
    output: Annotated[
        DigitsTask | None,
        typer.Option(help="For digits: find them, paint over them, or read them; boxes by default."),
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="The run folder; FOLDER/NAME-OF-THE-DEMO by default.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where run folders are made.")] = Path("runs"),
    set_: Set = None,
    device: Device = "",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train a model on a small real task, in minutes, and show what it can do.

    \b
    numbers     decimal to binary, on numbers it never saw
                (--reverse: binary to decimal)
    pronounce   English spelling to pronunciation, on the CMU dictionary
    bottleneck  five models with and without attention, as sequences grow
    digits      handwritten digits in images: found (--output boxes),
                painted over (mask) or read (text)
    gestures    which exercise somebody does, from a smartwatch
    questions   a drawn scene and a written question about it, read together
    """
    if name is not Name.numbers and (reverse or round_trip):
        raise ConfigurationError("--reverse and --round-trip belong to the demo numbers")
    if name is not Name.digits and output is not None:
        raise ConfigurationError("--output belongs to the demo digits")
    if round_trip and run is not None:
        raise ConfigurationError("--round-trip makes two runs; say with --folder where, instead of --run")
    overrides = [*(set_ or []), *on_device(device)]
    if name is Name.bottleneck:
        show_bottleneck(prepared(run or folder / "bottleneck"), overrides, quiet, json)
        return
    if round_trip:
        show_round_trip(folder, overrides, quiet, json)
        return
    show_demo(demo_of(name, run, folder, reverse, output or DigitsTask.boxes), overrides, quiet, json)


def show_demo(demo: Demo, overrides: list[str], quiet: bool, json: bool) -> None:
    """Train the model of a demo, and show what it can do.

    Args:
        demo: The demo.
        overrides: Changes of options, like "training.steps=100".
        quiet: Whether to print less.
        json: Whether to print JSON.
    """
    evaluation = run_demo(demo, overrides, quiet)
    if json:
        print_json({"run": str(demo.run), **evaluation})
    if quiet:
        return
    show_examples(demo)
    say(f"\nThe run is in {demo.run}; {RunLayout(demo.run).report} shows it all. Try next:")
    for line in demo.next:
        say(f"  {line}")


def prepared(run: Path) -> Path:
    """The run folder, once it is sure that nothing in it is anybody else's."""
    if run.is_file():
        raise ConfigurationError(f"{run} is a file, a run needs a folder; choose another --run")
    others = sorted(item.name for item in run.iterdir()) if run.is_dir() else []
    if others and EXPERIMENT not in others:
        raise ConfigurationError(
            f"{run} holds other things ({others[0]}) and no demo; choose another folder by --run"
        )
    return run


def written(title: str, write: Callable[[Path], Path], run: Path, *following: str) -> Demo:
    """Write the data and the experiment of a demo.

    Args:
        title: What it learns.
        write: Writes both into a run folder; gives the file of the experiment.
        run: The run folder.
        following: What to try next, with {run} for the run folder.

    Returns:
        The demo, ready to be trained.
    """
    run = prepared(run)
    return Demo(title, write(run), run, tuple(line.replace("{run}", str(run)) for line in following))


def demo_of(name: Name, run: Path | None, folder: Path, reverse: bool, output: DigitsTask) -> Demo:
    """A demo that trains one model, by its name.

    Args:
        name: Which one.
        run: The run folder; by default one in `folder`.
        folder: Where demos are.
        reverse: For numbers: binary to decimal.
        output: For digits: what is predicted of an image.

    Returns:
        The demo, ready to be trained.
    """
    if name is Name.numbers:
        return numbers_demo(run, folder, reverse)
    if name is Name.digits:
        return digits_demo(run or folder / f"digits-{output.value}", output)
    return {
        Name.pronounce: pronounce_demo,
        Name.gestures: gestures_demo,
        Name.questions: questions_demo,
    }[name](run or folder / name.value)


def numbers_demo(run: Path | None, folder: Path, reverse: bool) -> Demo:
    """Decimal to binary, or with `reverse` binary to decimal; the run folder is one in `folder` by default."""
    from jumok.demos import numbers

    return written(
        "binary to decimal" if reverse else "decimal to binary",
        partial(numbers.write, reverse=reverse),
        run or folder / ("numbers-reverse" if reverse else "numbers"),
        f"jumok predict {{run}} {'1111101000 11111111' if reverse else '1000 255 1048575'}",
        LOOK,
        "jumok demo numbers --round-trip" if reverse else "jumok demo numbers --reverse",
        "jumok evaluate {run} --json",
    )


def pronounce_demo(run: Path) -> Demo:
    """English spelling to pronunciation."""
    from jumok.demos import pronounce

    return written(
        "spelling to pronunciation",
        pronounce.write,
        run,
        "jumok predict {run} attention transformer",
        LOOK,
        "jumok predict {run} jumok --best 5 --json",
        f"jumok train {RunLayout(run).experiment} --run {{run}} --set training.steps=10000",
    )


def digits_demo(run: Path, output: DigitsTask) -> Demo:
    """Handwritten digits in images, of which `output` is predicted."""
    from jumok.demos import digits

    titles = {
        DigitsTask.boxes: "to find handwritten digits",
        DigitsTask.mask: "to paint over handwritten digits",
        DigitsTask.text: "to read handwritten numbers",
    }
    return written(
        titles[output],
        partial(digits.write, output=output.value),
        run,
        "jumok predict {run} {run}/data/images/test --output digits-seen   # images with what was found",
        *((LOOK,) if output is DigitsTask.text else ()),
        *(f"jumok demo digits --output {other.value}" for other in DigitsTask if other is not output),
    )


def gestures_demo(run: Path) -> Demo:
    """Exercises, from the sensors of a smartwatch."""
    from jumok.demos import gestures

    return written(
        "which exercise a person does, from the sensors of a smartwatch",
        gestures.write,
        run,
        LOOK,
        f"jumok check {RunLayout(run).experiment}   # what the signals are like",
        "jumok predict {run} '{run}/data/test.npz#motion[0]' --json",
    )


def questions_demo(run: Path) -> Demo:
    """Questions about drawn scenes."""
    from jumok.demos import questions

    return written(
        "to answer questions about scenes",
        questions.write,
        run,
        "jumok evaluate {run} --hide scene --hide question   # what it can do without one of them",
        LOOK,
    )


def run_demo(demo: Demo, overrides: list[str], quiet: bool) -> dict[str, object]:
    """Train a demo, or continue, or do nothing if it is finished.

    Args:
        demo: The demo.
        overrides: Changes of options, like "training.steps=100".
        quiet: Whether to print less.

    Returns:
        The evaluation.
    """
    from jumok.experiment.file import read_experiment
    from jumok.training import train
    from jumok.training.display import make_display

    if not quiet:
        say(f"Learning {demo.title}. Ctrl-C saves; the same command goes on.")
    started = time.monotonic()
    with going_on_in(demo.run):
        outcome = train(read_experiment(demo.file, overrides), demo.run, make_display(quiet))
    if not outcome.was_finished and not quiet:
        tell_time(started)
    return outcome.evaluation


def tell_time(started: float) -> None:
    """Say how long it took since a moment."""
    from jumok.reporting.numbers import duration

    say(f"done in {duration(time.monotonic() - started)}")


def show_examples(demo: Demo) -> None:
    """Print a few unseen inputs with prediction and reference."""
    from jumok.console import new_table, talk
    from jumok.evaluation.answers import final_split, open_split
    from jumok.predictor import load
    from jumok.runs.config import experiment_of

    predictor, experiment = load(demo.run), experiment_of(demo.run)
    split = open_split(experiment, predictor, final_split(experiment), say)
    examples, answers = split.answers()
    (target,) = split.outputs
    columns = (*split.inputs, f"{target}: predicted", "right")
    table = new_table("examples it never saw", columns, left=columns)
    asked = [{name: split.value(name, one) for name in split.inputs} for one in examples[:SAMPLES]]
    for example, prediction, right in zip(examples, predictor.predict(asked), answers, strict=False):
        known = [value.text for value in split.outputs[target].codec.from_cells(right[target], split.root)]
        mark = "yes" if prediction.text in known else f"no: {' or '.join(known)}"
        table.add_row(*(split.text(name, example) for name in split.inputs), prediction.text, mark)
    talk.print(table)


def show_bottleneck(run: Path, overrides: list[str], quiet: bool, json: bool) -> None:
    """Train the five models, then print the table and write the plot.

    Args:
        run: The run folder.
        overrides: Changes of options, like "training.steps=100".
        quiet: Whether to print less.
        json: Whether to print JSON.
    """
    from jumok.cli.compare import show_comparison
    from jumok.demos import bottleneck
    from jumok.sweeps.comparison import compare_variations
    from jumok.training.display import make_display

    file = bottleneck.write(run)
    if not quiet:
        many = quantity(len(bottleneck.VARIATIONS), "model")
        say(f"Training {many} on one task. Ctrl-C saves; the same command goes on.")
    started = time.monotonic()
    with going_on_in(run):
        comparison = compare_variations(
            file, bottleneck.VARIATIONS, run, overrides, make_display(quiet), say, bottleneck.TITLE
        )
    if not quiet:
        tell_time(started)
    show_comparison(comparison, run)
    several = [run / variation.folder for variation in bottleneck.VARIATIONS[-2:]]
    if not quiet:
        say(f"Try next:\n  jumok look {several[0]} {several[1]}   # see what they look at")
    if json:
        print_json(asdict(comparison))


def show_round_trip(folder: Path, overrides: list[str], quiet: bool, json: bool) -> None:
    """Convert the held-out numbers from decimal to binary and back by two models.

    Args:
        folder: Where demos are.
        overrides: Changes of options, like "training.steps=100".
        quiet: Whether to print less.
        json: Whether to print JSON.
    """
    from jumok.demos import numbers
    from jumok.predictor import load

    there, back = (numbers_demo(None, folder, reverse) for reverse in (False, True))
    for demo in (there, back):
        run_demo(demo, overrides, quiet)
    asked = [str(number) for number in numbers.split_numbers()["test"].tolist()]
    written = [prediction.text for prediction in load(there.run).predict(asked)]
    returned = [prediction.text for prediction in load(back.run).predict(written)]
    same = sum(before == after for before, after in zip(asked, returned, strict=True))
    for before, between, after in list(zip(asked, written, returned, strict=True))[: 0 if quiet else SAMPLES]:
        say(f"  {before} -> {between} -> {after}{'' if before == after else '   (not the same)'}")
    say(f"{same:,} of {len(asked):,} held-out numbers came back as themselves")
    if json:
        print_json({"numbers": len(asked), "returned": same, "share": same / len(asked)})
