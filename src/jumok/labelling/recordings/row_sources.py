"""Opens the tables that an experiment names, to fill the cells of its outputs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jumok.data.tables.delimited import csv_rows, tsv_rows
from jumok.data.tables.faults import Fault
from jumok.data.tables.jsonl import jsonl_rows
from jumok.data.tables.open_text import GZIP_MARK
from jumok.data.tables.parquet import parquet_rows
from jumok.data.tables.table import reader_of
from jumok.errors import DataError
from jumok.experiment.reading import NamedInputs
from jumok.experiment.table_sources import NamedOutputs, table_source
from jumok.kinds.label.options import LabelOutput
from jumok.kinds.options import InputFieldOptions, OutputFieldOptions
from jumok.kinds.values.options import ValuesOutput
from jumok.labelling.files.guarded_file import read_now
from jumok.labelling.recordings.object_rows import ObjectsForm
from jumok.labelling.tables.answers import AnswerField
from jumok.labelling.tables.rows import DelimitedForm, TableForm
from jumok.labelling.tables.store import RowFields, RowInput, TableStore

if TYPE_CHECKING:
    from jumok.experiment.sources import SourceOptions

OF_THE_HEAD = ("unknown_column", "duplicate_column", "wrong_separator", "wrong_format")  # faults of all rows
OF_TABLES = {  # why rows of other formats are not filled in here, and what to do
    "files": "the answer to each image is its name or that of its folder, which is not changed here; "
    "jumok label {folder} --kind {kind} begins a table labels.csv, to be named as table: in the experiment",
    "lines": "parallel files have no cells; put them side by side into a .tsv with a line of names (paste does it), "
    "and name it as table:",
    "lexicon": "a pronouncing dictionary is changed in an editor; to label here, write a .tsv with a line of names, "
    "and name it as table:",
    "arrays": "arrays have no cells; write a table .csv with a row for each example and a column of cells like "
    "{file}#NAME[0], and name it as table:",
    "windows": "windows are answered by what follows them in the table; there is nothing to label",
}


def open_rows(source: "SourceOptions", inputs: NamedInputs, outputs: NamedOutputs) -> TableStore:
    """Open the table of a split.

    Args:
        source: The split, as `data` names it.
        inputs: The inputs by name.
        outputs: The outputs by name.

    Returns:
        The rows, with a column for each output.

    Raises:
        DataError: The table cannot be read, or cannot be changed cell by cell; or the source is no table.
    """
    if source.table is None:
        raise DataError(why_no_table(source, outputs))
    given: Mapping[str, Any] = source.columns or {}
    answers = tuple(cell_answer(name, one, given.get(name, name)) for name, one in outputs.items())
    columns = [given.get(name, name) for name in inputs] + [one.column for one in answers]
    form = form_of(source, inputs, outputs, columns)
    kept: dict[str, Any] = {"columns": dict(given)} if given else {}
    if source.separator is not None:
        kept["separator"] = "tab" if source.separator == "\t" else source.separator
    fields = RowFields(tuple(input_of(name, one) for name, one in inputs.items()), answers, kept)
    return TableStore(source.table, form, fields)


def why_no_table(source: "SourceOptions", outputs: NamedOutputs) -> str:
    """Why a source that is no table is not labelled by rows, and what to do."""
    place = getattr(source, source.format)
    first = next(iter(place.values())) if isinstance(place, dict) else place
    kind = next((one.kind for one in outputs.values()), "label")
    reason = OF_TABLES.get(source.format, "it is no table; name it as table: in the experiment, if it is one")
    return f"{first}: {reason.format(folder=first, file=Path(first).name, kind=kind)}"


def form_of(
    source: "SourceOptions", inputs: NamedInputs, outputs: NamedOutputs, columns: list[str | int]
) -> TableForm:
    """How the rows of a table are read and changed; DataError if they cannot be."""
    path = source.table or Path()
    reader = reader_of(path, columns, source.separator)
    if reader is parquet_rows:
        what = "is Parquet, whose cells cannot be changed one by one"
        raise DataError(
            f"{path}: {what}; save it as .csv or .jsonl (pandas: to_csv, to_json), and name that file"
        )
    if reader not in (csv_rows, tsv_rows, jsonl_rows):
        raise DataError(
            f"{path}: is one JSON value; save it as .jsonl, with one object a line, and name that file"
        )
    refuse_compressed(path)
    refuse_faulty(source, inputs, outputs, by_line=reader is jsonl_rows)
    answers = range(len(inputs), len(columns))
    if reader is jsonl_rows:
        lists = [
            *map(reads_lists, inputs.values()),
            *(one.takes_lists() or one.takes_objects() for one in outputs.values()),
        ]
        nested = {place for place, is_list in enumerate(lists) if is_list}
        return ObjectsForm(path, list(map(str, columns)), answers, nested)
    quoting = reader is csv_rows
    separator = source.separator or ("," if quoting else "\t")
    return DelimitedForm(path, columns, answers, separator, quoting)


def refuse_compressed(path: Path) -> None:
    """Refuse a table whose cells cannot be changed one by one; raises DataError."""
    if (read_now(path) or b"").startswith(GZIP_MARK):
        raise DataError(f"{path}: is compressed; unpack it with gunzip, and name the file without .gz")


def refuse_faulty(
    source: "SourceOptions", inputs: NamedInputs, outputs: NamedOutputs, *, by_line: bool
) -> None:
    """Refuse a table none of whose rows can be read, in the words of its reader; raises DataError."""
    path = source.table or Path()
    rows = table_source(path, source.columns or {}, inputs, outputs, source.separator).rows()
    first = next(iter(rows), None)
    if isinstance(first, Fault) and (first.line is None or (first.kind in OF_THE_HEAD and not by_line)):
        raise DataError(str(first))


def reads_lists(options: InputFieldOptions) -> bool:
    """Whether cells of an input name files, or are lists where the format has such."""
    return bool(options.expected_series() or options.frame_sampling())


def input_of(name: str, options: InputFieldOptions) -> RowInput:
    """A column that is read."""
    return RowInput(name, options.is_image or reads_lists(options), options.is_image, options.optional)


def cell_answer(name: str, options: OutputFieldOptions, column: Any) -> AnswerField:
    """A column that is filled in.

    Args:
        name: The output.
        options: Its options.
        column: The column of the table, by name or number; several of them as a tuple.

    Returns:
        The answer.

    Raises:
        DataError: It is made of several columns, or is not filled in by hand.
    """
    if isinstance(column, tuple):
        shown = ", ".join(map(str, column))
        raise DataError(
            f"{name} is made of several columns ({shown}); name one column for it, and the cells can be filled in here"
        )
    makers: dict[str, Callable[[], AnswerField]] = {
        "text": lambda: AnswerField(name, "text", column),
        "label": lambda: label_answer(name, options, column),
        "values": lambda: values_answer(name, options, column),
    }
    if options.kind not in makers:
        raise DataError(f"{name} is {options.kind}, which cells of a table are not filled with by hand")
    return makers[options.kind]()


def label_answer(name: str, options: OutputFieldOptions, column: str | int) -> AnswerField:
    """A column of labels."""
    own = options if isinstance(options, LabelOutput) else LabelOutput(kind="label")
    return AnswerField(name, "label", column, own.classes or own.ordered or (), own.several)


def values_answer(name: str, options: OutputFieldOptions, column: str | int) -> AnswerField:
    """A column of numbers."""
    own = options if isinstance(options, ValuesOutput) else ValuesOutput(kind="values")
    return AnswerField(name, "values", column, names=own.names or ())
