"""`jumok check`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from jumok.cli.check_model import DEFAULT_WORST, CheckRequest, check_by_model
from jumok.cli.options import Device, Json, Set
from jumok.console import new_table, print_json, say
from jumok.errors import DataError
from jumok.outputs import is_ours, require_free, write_output
from jumok.wording import quantity, verb

if TYPE_CHECKING:
    from rich.table import Table

    from jumok.dataset import Prepared
    from jumok.dataset.image_report import ImageReport
    from jumok.dataset.report import Report, SplitReport
    from jumok.kinds.survey import ValueTable

EXAMPLE = "jumok check translate.yaml"
DEFAULT_FAULTS = 20
MAX_VALUE_ROWS = 40  # lines of a table of values


def command(
    config: Annotated[
        Path | None, typer.Argument(metavar="EXPERIMENT.yaml", help="The experiment file.")
    ] = None,
    set_: Set = None,
    faults: Annotated[int, typer.Option(metavar="N", help="How many faults to show.")] = DEFAULT_FAULTS,
    image: Annotated[
        Path | None,
        typer.Option(
            "--picture", help="Where the image of a batch goes; NAME-batch.png in this folder by default."
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Look for mistakes in the annotations: where this model disagrees."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(metavar="SPLIT", help="With --model: train, valid or test; by default valid and test."),
    ] = None,
    folds: Annotated[
        int,
        typer.Option(
            metavar="K", help="With --model: look at train by K trainings, each without a part of it."
        ),
    ] = 0,
    worst: Annotated[
        int, typer.Option(metavar="N", help="With --model: how many disagreements are listed.")
    ] = DEFAULT_WORST,
    output: Annotated[
        Path | None,
        typer.Option(help="With --model: the page; NAME-mistakes.html in this folder by default."),
    ] = None,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Read all data of an experiment and tell what they are like and what is wrong with them.

    Of images, each one is decoded, and a labelled batch is drawn as the model gets it in training: scaled, and varied
    by augmentation. Of series, each channel is measured, and some are drawn. Then the model is built and one batch is
    tried. Exit status 2 when there is something that training would refuse.

    With --model, list instead where annotations and a trained model disagree most: likely mistakes, best first.
    """
    if model is not None:
        check_by_model(CheckRequest(model, config, set_ or [], split, folds, worst, output, device, json))
        return
    if config is None:
        raise DataError("name an experiment file, like x.yaml, or a run by --model")
    if split is not None or folds or output is not None:
        raise DataError("--split, --folds and --output belong to --model; name a run by it, too")
    check_data(config, set_ or [], faults, image, json)


def check_data(config: Path, changes: list[str], faults: int, image: Path | None, json: bool) -> None:
    """Read the data of an experiment, and tell and draw what they are like.

    Args:
        config: The experiment file.
        changes: Changes of options, like "training.steps=100".
        faults: How many faults are shown.
        image: Where the image of a batch goes; None for the usual place.
        json: Whether to print JSON.

    Raises:
        DataError: There is something that training would refuse.
    """
    from jumok.experiment.file import read_experiment

    experiment = read_experiment(config, changes)
    from jumok.dataset import prepare
    from jumok.dataset.prepare import refusal
    from jumok.dataset.report import report
    from jumok.training.trial import try_batch

    prepared = prepare(experiment, say, tolerant=True)
    found, refused = report(prepared), refusal(prepared, experiment)
    file = image or Path(f"{config.stem}-batch.png")
    drawings = Drawings(None, {}) if found.fatal else draw(prepared, experiment.training.seed, file)
    if json:
        tried = {} if refused else {"model": try_batch(experiment, prepared)._asdict()}
        print_json({**found.to_json(), **tried, **drawings.to_json()})
    else:
        print_report(found)
        print_findings(found, faults)
    drawings.tell()
    if not any(drawings) and (image is not None or found.images.sources):
        why = "fix the faults first" if found.images.sources else "there are no images"
        say(f"no image of a batch: {why}")
    if refused:
        raise DataError(refused)
    if not json:
        say(str(try_batch(experiment, prepared)))


class Drawings(NamedTuple):
    """The files of what was drawn."""

    batch: Path | None  # a batch of images
    sheets: dict[str, Path]  # of each input whose values are drawn, some examples

    def to_json(self) -> dict[str, Any]:
        """The paths as JSON."""
        sheets = {name: str(path) for name, path in self.sheets.items()}
        batch = {} if self.batch is None else {"picture": str(self.batch)}
        return {**batch, **({"pictures": sheets} if sheets else {})}

    def tell(self) -> None:
        """Say where they are."""
        if self.batch is not None:
            say(f"a batch as the model gets it in training: {self.batch}")
        for name, path in self.sheets.items():
            say(f"some examples of {name} as the model gets them in training: {path}")


def draw(prepared: "Prepared", seed: int, file: Path) -> Drawings:
    """Draw a batch of images into `file`, and values of inputs beside it, or into it where it is free.

    Args:
        prepared: The data.
        seed: Seed of the examples that are drawn.
        file: A PNG file.

    Returns:
        Where they are.

    Raises:
        DataError: A file that is not ours is in the way.
    """
    from jumok.dataset.batch_image import draw_batch, draw_values
    from jumok.drawing.encoding import png

    batch, values = draw_batch(prepared, seed), draw_values(prepared, seed)
    beside = {name: file.with_name(f"{file.stem}-{name}{file.suffix}") for name in values}
    sheets = dict.fromkeys(values, file) if batch is None and len(values) == 1 else beside
    images = {} if batch is None else {file: batch}
    for path, image in {**images, **{sheets[name]: one for name, one in values.items()}}.items():
        require_free(path, overwrite=is_ours(path), remedy=" by --picture")
        write_output(path, png(image))
    return Drawings(None if batch is None else file, sheets)


def print_report(found: "Report") -> None:
    """What could be read."""
    from jumok.console import talk

    if found.images.sources:
        talk.print(image_table(found.images))
    if any(split.lengths for split in found.splits.values()):
        talk.print(split_table(found))
    for name, values in found.values.items():
        talk.print(value_table(name, values))
    if found.splits:
        say(", ".join(f"{name}: {summary}" for name, summary in found.fields.items()))


def image_table(images: "ImageReport") -> "Table":
    """Counts of images and of what is marked in them."""
    columns = ("split", "images", "smallest", "largest", "marked")
    table = new_table("images", columns, left=("split", "marked"))
    for name, source in images.sources.items():
        marked = [f"{count:,} {of}" for of, count in source.objects.items()]
        marked += [f"{of} {100 * share:.1f} %" for of, share in source.pixels.items()]
        table.add_row(
            name, f"{source.images:,}", source.smallest or "", source.largest or "", ", ".join(marked)
        )
    return table


def value_table(name: str, values: "ValueTable") -> "Table":
    """The values of an input; the first `MAX_VALUE_ROWS` lines."""
    from rich.table import Table

    more = len(values.rows) - MAX_VALUE_ROWS
    caption = f"and {more:,} more, which --json gives" if more > 0 else None
    table = Table(title=name, title_justify="left", caption=caption, caption_justify="left")
    for number, column in enumerate(values.columns):
        table.add_column(column, justify="left" if number < 2 else "right")
    for row in values.rows[:MAX_VALUE_ROWS]:
        table.add_row(*row)
    return table


def split_table(found: "Report") -> "Table":
    """Counts and lengths of every split."""
    numbers = ("tokens", "shortest", "median", "99 %", "longest", "unknown")
    table = new_table("data", ("split", "examples", "column", *numbers), left=("split", "column"))
    for name, split in found.splits.items():
        for i, (column, lengths) in enumerate(split.lengths.items()):
            table.add_row(
                name if i == 0 else "",
                f"{split.examples:,}" if i == 0 else "",
                column,
                *(f"{lengths.total:,}", f"{lengths.min}", f"{lengths.median:.0f}"),
                *(f"{lengths.p99:.0f}", f"{lengths.max}"),
                f"{100 * split.unknown[column]:.2f} %" if column in split.unknown else "–",
            )
    return table


def print_findings(found: "Report", most: int) -> None:
    """Print remarks and faults, at most so many of each."""
    for name, split in found.splits.items():
        for sentence in remarks(name, split):
            say(sentence)
    for values in found.values.values():
        for sentence in values.remarks:
            say(sentence)
    for remark in found.remarks[:most]:
        say(f"remark: {remark}")
    if len(found.remarks) > most:
        say(f"... and {len(found.remarks) - most} more remarks")
    later = [fault for fault in found.faults[most:] if fault in found.fatal]  # these are fixed before others
    shown = [*found.faults[:most], *later[:most]]
    for fault in shown:
        say(f"fault: {fault}")
    if found.fault_count > len(shown):
        say(f"... and {found.fault_count - len(shown)} more faults")
    if not found.fault_count:
        say("no faults")


def remarks(name: str, split: "SplitReport") -> list[str]:
    """What is not a fault, but good to know."""
    said = []
    if split.duplicates:
        said.append(
            f"{name}: {quantity(split.duplicates, 'row')} {verb(split.duplicates, 'is', 'are')} equal to an earlier row"
        )
    if split.several_answers:
        said.append(
            f"{name}: {quantity(split.several_answers, 'row')} "
            f"{verb(split.several_answers, 'gives', 'give')} a further answer to an input that stands before"
        )
    if split.excess:
        said.append(f"{name}: {split.excess}")
    if split.length_gap:
        said.append(f"{name}: {split.length_gap}")
    if split.leaked:
        from jumok.dataset.leaks import leak_sentence

        said.append(leak_sentence(name, split.leaked, split.leak))
    return said
