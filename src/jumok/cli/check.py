"""`jumok check`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jumok.cli.options import Config, Json, Set
from jumok.console import new_table, print_json, say
from jumok.errors import DataError
from jumok.outputs import is_ours, require_free, write_output
from jumok.wording import quantity, verb

if TYPE_CHECKING:
    from rich.table import Table

    from jumok.dataset.image_report import ImageReport
    from jumok.dataset.report import Report, SplitReport
    from jumok.kinds.survey import ValueTable

EXAMPLE = "jumok check translate.yaml"
DEFAULT_FAULTS = 20
MAX_VALUE_ROWS = 40  # lines of a table of values


def command(
    config: Config,
    set_: Set = None,
    faults: Annotated[int, typer.Option(metavar="N", help="How many faults to show.")] = DEFAULT_FAULTS,
    image: Annotated[
        Path | None,
        typer.Option(
            "--picture", help="Where the image of a batch goes; NAME-batch.png in this folder by default."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Read all data of an experiment and tell what they are like and what is wrong with them.

    Of images, each one is decoded, and a labelled batch is drawn as the model gets it in training: scaled, and varied
    by augmentation. Of series, each channel is measured, and some are drawn. Then the model is built and one batch is
    tried. Exit status 2 when there is something that training would refuse.
    """
    from jumok.experiment.file import read_experiment

    experiment = read_experiment(config, set_ or [])
    from jumok.dataset import prepare
    from jumok.dataset.batch_image import draw_batch, draw_values
    from jumok.dataset.prepare import refusal
    from jumok.dataset.report import report
    from jumok.drawing.encoding import png
    from jumok.training.trial import try_batch

    prepared = prepare(experiment, say, tolerant=True)
    found, refused = report(prepared), refusal(prepared, experiment)
    images = found.images
    seed = experiment.training.seed
    drawn = None if found.fatal else draw_batch(prepared, seed)
    sheets = {} if found.fatal else draw_values(prepared, seed)
    file = image or Path(f"{config.stem}-batch.png")
    sheet_paths = sheet_files(file, list(sheets), drawn is not None)
    images_drawn = {file: drawn} if drawn is not None else {}
    images_drawn |= {sheet_paths[name]: sheet for name, sheet in sheets.items()}
    for path, sheet in images_drawn.items():
        require_free(path, overwrite=is_ours(path), remedy=" by --picture")
        write_output(path, png(sheet))
    if json:
        tried = None if refused else try_batch(experiment, prepared)
        model = {} if tried is None else {"model": tried._asdict()}
        named = {name: str(path) for name, path in sheet_paths.items()}
        shown = {
            **({} if drawn is None else {"picture": str(file)}),
            **({"pictures": named} if named else {}),
        }
        print_json({**found.to_json(), **model, **shown})
    else:
        print_report(found)
        print_findings(found, faults)
    if drawn is not None:
        say(f"a batch as the model gets it in training: {file}")
    elif (image is not None or images.sources) and not sheet_paths:
        say("no image of a batch: " + ("fix the faults first" if images.sources else "there are no images"))
    for name, path in sheet_paths.items():
        say(f"some examples of {name} as the model gets them in training: {path}")
    if refused:
        raise DataError(refused)
    if not json:
        say(str(try_batch(experiment, prepared)))


def sheet_files(file: Path, names: list[str], taken: bool) -> dict[str, Path]:
    """Where the drawing of each input goes: `file`, or names beside it where it is taken or there are several."""
    if len(names) == 1 and not taken:
        return {names[0]: file}
    return {name: file.with_name(f"{file.stem}-{name}{file.suffix}") for name in names}


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
