"""Tables for the tests of stores: sources as experiments have them, and what jumok's own readers read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jumok.data.row import Row
from jumok.data.tables.faults import Fault
from jumok.experiment.sources import SourceOptions
from jumok.experiment.table_sources import table_source
from jumok.kinds.image.options import ImageInput
from jumok.kinds.label.options import LabelOutput
from jumok.kinds.options import OutputFieldOptions
from jumok.kinds.text.options import TextInput, TextOutput
from jumok.kinds.values.options import ValuesOutput
from jumok.labelling.recordings.row_sources import open_rows
from jumok.labelling.tables.store import TableStore

TEXT = {"text": TextInput(kind="text")}
IMAGE = {"image": ImageInput(kind="image")}
OUTPUTS: dict[str, OutputFieldOptions] = {
    "label": LabelOutput(kind="label"),
    "caption": TextOutput(kind="text"),
    "age": ValuesOutput(kind="values"),
}


def outputs(*names: str) -> dict[str, OutputFieldOptions]:
    return {name: OUTPUTS[name] for name in names}


def opened(path: Path, *names: str, inputs: Mapping[str, Any] = TEXT, **settings: Any) -> TableStore:
    return open_rows(SourceOptions(table=path, **settings), inputs, outputs(*(names or ("label",))))


def readers_cells(
    path: Path, *names: str, inputs: Mapping[str, Any] = TEXT, **settings: Any
) -> list[Row | Fault]:
    """The rows as training reads them."""
    given = SourceOptions(table=path, **settings)
    source = table_source(path, given.columns or {}, inputs, outputs(*(names or ("label",))), given.separator)
    return list(source.rows())


def values(**texts: Any) -> dict[str, Any]:
    return {"values": texts}
