"""Readers of files, lines and tables, by the options of a source."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jumok.experiment.reading import NamedInputs
from jumok.kinds.field_options import OutputOptions
from jumok.wording import quantity

if TYPE_CHECKING:
    from jumok.data.images.named_files import NamedFilesSource
    from jumok.data.tables.joined import Joining
    from jumok.data.tables.sources import LinesSource, TableSource

NamedColumns = Mapping[str, str | int | tuple[str | int, ...]]
NamedOutputs = Mapping[str, OutputOptions]


def files_source(
    folder: Path, text: Literal["stem", "folder"], inputs: NamedInputs, outputs: NamedOutputs
) -> "NamedFilesSource":
    """The source for images whose text is their name or the name of their folder.

    Args:
        folder: The folder of the images.
        text: Whether the text is the file name or the folder name.
        inputs: Options of the inputs.
        outputs: Options of the outputs.

    Returns:
        The source.

    Raises:
        ValueError: Unless there is one image as input, and one output that a name can say.
    """
    from jumok.data.images.named_files import NamedFilesSource

    (image, *more), (answer, *others) = inputs, outputs
    if more or others or not inputs[image].is_image or outputs[answer].annotations is not None:
        raise ValueError("files give one input of kind image and one output of kind text, label or values")
    return NamedFilesSource(folder, text, (image, answer))


def lines_source(lines: dict[str, Path], inputs: NamedInputs, outputs: NamedOutputs) -> "LinesSource":
    """The source for parallel text files, one for each name; raises ValueError if the names differ.

    Args:
        lines: A file for each name.
        inputs: The inputs by name.
        outputs: The outputs by name.

    Returns:
        The source.

    Raises:
        ValueError: The names differ.
    """
    from jumok.data.tables.sources import LinesSource

    names = (*inputs, *outputs)
    missing = [name for name in names if name not in lines]
    extra = [name for name in lines if name not in names]
    if missing or extra:
        wrong = f"no file for {missing[0]!r}" if missing else f"{extra[0]!r} is neither input nor output"
        raise ValueError(f"lines must name a file for each of {', '.join(names)}; {wrong}")
    optional = [name for name, options in inputs.items() if options.optional]
    return LinesSource({name: lines[name] for name in names}, optional, len(inputs))


def table_source(
    table: Path,
    columns: NamedColumns,
    inputs: NamedInputs,
    outputs: NamedOutputs,
    separator: str | None = None,
) -> "TableSource":
    """The source for a table.

    Args:
        table: The file.
        columns: The column of each name, if it is called otherwise.
        inputs: Options of the inputs.
        outputs: Options of the outputs.
        separator: What separates cells, if the suffix does not say it.

    Returns:
        The source.

    Raises:
        ValueError: If a column is neither input nor output.
    """
    from jumok.data.tables.sources import TableSource

    names = (*inputs, *outputs)
    extra = [name for name in columns if name not in names]
    if extra:
        raise ValueError(f"columns name inputs and outputs ({', '.join(names)}); {extra[0]!r} is neither")
    optional = [name for name, options in inputs.items() if options.optional]
    theirs = {name: columns.get(name, name) for name in names}
    lists = [name for name, options in inputs.items() if options.expected_series()]
    lists += [name for name, options in outputs.items() if options.takes_lists()]
    objects = [name for name, options in outputs.items() if options.takes_objects()]
    joined = joinings(columns, outputs)
    return TableSource(table, theirs, separator, optional, len(inputs), lists, objects, joined)


def joinings(columns: NamedColumns, outputs: NamedOutputs) -> dict[str, "Joining"]:
    """How each name with several columns reads them; ValueError if it does not, or has other names."""
    found = {}
    for name, given in columns.items():
        if not isinstance(given, tuple):
            continue
        joining = outputs[name].joining() if name in outputs else None
        if joining is None:
            what = outputs[name].kind if name in outputs else "an input"
            raise ValueError(f"several columns are one answer of kind values or label; {name} is {what}")
        if len(joining.names) not in (0, len(given)):
            named = f"{quantity(len(joining.names), joining.noun)} ({', '.join(joining.names)})"
            raise ValueError(f"{name} has {quantity(len(given), 'column')}, but {named}; name as many")
        if not joining.names and not all(isinstance(one, str) for one in given):
            raise ValueError(
                f"{name} has columns by number, which give no names; say names: or classes: for it"
            )
        found[name] = joining
    return found


def refuse_drawn(inputs: NamedInputs, outputs: NamedOutputs) -> None:
    """Refuse boxes and masks for examples that are texts; raises ValueError."""
    for name, options in outputs.items():
        if options.annotations is not None:
            raise ValueError(
                f"{name} is {options.kind}, which texts and tables do not hold; "
                f"name its annotations: {options.annotations}"
            )
