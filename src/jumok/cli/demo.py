"""`jumok demo`."""

import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from jumok.cli.options import Device, Json, Quiet, Set, on_device
from jumok.console import print_json, say
from jumok.errors import ConfigurationError, Interrupted
from jumok.runs.layout import EXPERIMENT, RunLayout

EXAMPLE = "jumok demo numbers --reverse"
SAMPLES = 6


class Name(StrEnum):
    """The demos there are."""

    numbers = "numbers"
    pronounce = "pronounce"
    bottleneck = "bottleneck"
    digits = "digits"
    gestures = "gestures"


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
        typer.Argument(metavar="DEMO", help="numbers, pronounce, bottleneck, digits or gestures; see above."),
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
    if name is Name.digits:
        demo = digits_demo(run, folder, output or DigitsTask.boxes)
    elif name is Name.gestures:
        demo = gestures_demo(run, folder)
    else:
        demo = numbers_demo(run, folder, reverse) if name is Name.numbers else pronounce_demo(run, folder)
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


def numbers_demo(run: Path | None, folder: Path, reverse: bool) -> Demo:
    """Write the data and the experiment of `jumok demo numbers`.

    Args:
        run: The run folder; by default one in `folder`.
        folder: Where demos are.
        reverse: Decimal to binary instead of binary to decimal.

    Returns:
        The demo, ready to be trained.
    """
    from jumok.demos import numbers

    run = prepared(run or folder / ("numbers-reverse" if reverse else "numbers"))
    first = "jumok predict {} 1111101000 11111111" if reverse else "jumok predict {} 1000 255 1048575"
    return Demo(
        "binary to decimal" if reverse else "decimal to binary",
        numbers.write(run, reverse),
        run,
        (
            first.format(run),
            f"jumok look {run}   # see what it looks at",
            "jumok demo numbers --round-trip" if reverse else "jumok demo numbers --reverse",
            f"jumok evaluate {run} --json",
        ),
    )


def pronounce_demo(run: Path | None, folder: Path) -> Demo:
    """Write the data and the experiment of `jumok demo pronounce`."""
    from jumok.demos import pronounce

    run = prepared(run or folder / "pronounce")
    return Demo(
        "spelling to pronunciation",
        pronounce.write(run),
        run,
        (
            f"jumok predict {run} attention transformer",
            f"jumok look {run}   # see what it looks at",
            f"jumok predict {run} jumok --best 5 --json",
            f"jumok train {RunLayout(run).experiment} --run {run} --set training.steps=10000",
        ),
    )


def digits_demo(run: Path | None, folder: Path, output: DigitsTask) -> Demo:
    """Write the data and the experiment of `jumok demo digits`.

    Args:
        run: The run folder; by default one in `folder`.
        folder: Where demos are.
        output: What is predicted of an image.

    Returns:
        The demo, ready to be trained.
    """
    from jumok.demos import digits

    run = prepared(run or folder / f"digits-{output.value}")
    titles = {
        DigitsTask.boxes: "to find handwritten digits",
        DigitsTask.mask: "to paint over handwritten digits",
        DigitsTask.text: "to read handwritten numbers",
    }
    others = [other.value for other in DigitsTask if other is not output]
    return Demo(
        titles[output],
        digits.write(run, output.value),
        run,
        (
            f"jumok predict {run} {run}/data/images/test --output digits-seen   # images with what was found",
            *([f"jumok look {run}   # see what it looks at"] if output is DigitsTask.text else []),
            f"jumok demo digits --output {others[0]}",
            f"jumok demo digits --output {others[1]}",
        ),
    )


def gestures_demo(run: Path | None, folder: Path) -> Demo:
    """Write the data and the experiment of `jumok demo gestures`."""
    from jumok.demos import gestures

    run = prepared(run or folder / "gestures")
    return Demo(
        "which exercise a person does, from the sensors of a smartwatch",
        gestures.write(run),
        run,
        (
            f"jumok look {run}   # see what it looks at",
            f"jumok check {RunLayout(run).experiment}   # what the signals are like",
            f"jumok predict {run} '{run}/data/test.npz#motion[0]' --json",
        ),
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
    from jumok.reporting.numbers import duration
    from jumok.training import train
    from jumok.training.display import make_display

    if not quiet:
        say(f"Learning {demo.title}. Ctrl-C saves; the same command goes on.")
    started = time.monotonic()
    try:
        outcome = train(read_experiment(demo.file, overrides), demo.run, make_display(quiet))
    except Interrupted:
        raise Interrupted(f"stopped and saved in {demo.run}; the same command goes on from here") from None
    if not outcome.was_finished and not quiet:
        say(f"done in {duration(time.monotonic() - started)}")
    return outcome.evaluation


def show_examples(demo: Demo) -> None:
    """Print a few unseen inputs with prediction and reference."""
    from jumok.console import new_table, talk
    from jumok.evaluation.answers import final_split, open_split
    from jumok.predictor import load
    from jumok.runs.config import experiment_of

    predictor, experiment = load(demo.run), experiment_of(demo.run)
    split = open_split(experiment, predictor, final_split(experiment), say)
    examples, answers = split.answers()
    (source,), (target,) = split.inputs, split.outputs
    columns = (source, f"{target}: predicted", "right")
    table = new_table("examples it never saw", columns, left=columns)
    asked = [{source: split.value(source, example)} for example in examples[:SAMPLES]]
    for example, prediction, right in zip(examples, predictor.predict(asked), answers, strict=False):
        known = [value.text for value in split.outputs[target].codec.from_cells(right[target], split.root)]
        mark = "yes" if prediction.text in known else f"no: {' or '.join(known)}"
        table.add_row(split.text(source, example), prediction.text, mark)
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
    from jumok.comparison import compare_variations
    from jumok.demos import bottleneck
    from jumok.reporting.numbers import duration
    from jumok.training.display import make_display

    file = bottleneck.write(run)
    if not quiet:
        say(
            f"Training {len(bottleneck.VARIATIONS)} models on one task. Ctrl-C saves; the same command goes on."
        )
    started = time.monotonic()
    try:
        comparison = compare_variations(
            file, bottleneck.VARIATIONS, run, overrides, make_display(quiet), say, bottleneck.TITLE
        )
    except Interrupted:
        raise Interrupted(f"stopped and saved in {run}; the same command goes on from here") from None
    if not quiet:
        say(f"done in {duration(time.monotonic() - started)}")
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

    there, back = numbers_demo(None, folder, reverse=False), numbers_demo(None, folder, reverse=True)
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
