"""Inputs and answers of a job as Parquet."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from jumok.errors import DataError
from jumok.outputs import temporary_output
from jumok.predictor.jobs.answers import answer_texts, answer_to_json
from jumok.predictor.jobs.events import Answered
from jumok.predictor.jobs.stream import AT_ONCE

PARQUET = ".parquet"
ROWS_AT_ONCE = 10_000


def parquet_lines(file: Path, inputs: Sequence[str]) -> Iterator[str]:
    """The rows of a Parquet file as lines: the text of the one input, or a JSON object with the texts by name.

    Args:
        file: The file.
        inputs: The inputs of the model, which are columns; a file with one column has only that for one input.
    """
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(file) as table:
            there = table.schema_arrow.names
            names = there if len(there) == len(inputs) == 1 else list(inputs)
            if lacking := [name for name in names if name not in there]:
                raise DataError(
                    f"{file} has no column {lacking[0]!r}; it has {', '.join(there)}, and the model reads "
                    f"{', '.join(inputs)}"
                )
            for batch in table.iter_batches(ROWS_AT_ONCE, columns=names):
                for row in batch.to_pylist():
                    yield row_as_line(row)
    except (OSError, ArrowException) as error:
        raise DataError(f"{file} cannot be read as Parquet ({error}); fetch or write it again") from None


def row_as_line(row: dict[str, Any]) -> str:
    """One row as a line."""
    values = {name: None if value is None else str(value) for name, value in row.items()}
    if len(values) == 1:
        return next(iter(values.values())) or ""
    return json.dumps(values, ensure_ascii=False)


class LineItems:
    """What forms have in common whose inputs are lines."""

    at_once = AT_ONCE

    def text(self, item: Any) -> str:
        """The line."""
        return str(item)


class FileItems(LineItems):
    """What those of them have in common that write one file."""

    def __init__(self, output: Path) -> None:
        self.output = output


class ParquetForm(FileItems):
    """A table with a row for each input: its number, the input, the text of the answer or an error, all as JSON."""

    def record(self, item: Any, number: int, answered: Answered) -> Any:
        """What the row is made of."""
        found = answer_to_json(*answered)
        if isinstance(answered.answer, DataError):
            return found
        return {"input": found.pop("input"), "text": answer_texts(answered.answer)[0], "answer": found}

    def join(self, records: Iterable[Any]) -> None:
        """Write the table."""
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        texts = [pa.field(name, pa.string()) for name in ("input", "text", "error", "answer")]
        schema = pa.schema([pa.field("number", pa.int64()), *texts])
        rows = (row_of(number, one) for number, one in enumerate(records, start=1))
        with temporary_output(self.output) as file, ParquetWriter(file, schema) as table:
            while block := list(islice(rows, ROWS_AT_ONCE)):
                table.write_table(pa.Table.from_pylist(block, schema=schema))


def row_of(number: int, record: dict[str, Any]) -> dict[str, Any]:
    """A row of the table; `number` counts from 1."""
    value, answer = record["input"], record.get("answer")
    return {
        "number": number,
        "input": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
        "text": record.get("text"),
        "error": record.get("error"),
        "answer": None if answer is None else json.dumps(answer, ensure_ascii=False),
    }
