"""Laws of tables that are labelled: reading changes nothing, and writing changes one cell, which readers read."""

import csv
import io
import json
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from made_tables import opened, readers_cells, values

from jumok.data.row import Row
from jumok.data.tables.rows import clean
from jumok.errors import DataError

LETTERS = st.sampled_from(list("ab ,;\t\"'\n|한é😀:{}[]\\0-."))
TEXTS = st.text(LETTERS, max_size=12)
NAMES = ("text", "label", "caption", "note")
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


class Written(NamedTuple):
    suffix: str
    separator: str | None
    data: bytes


@st.composite
def tables(draw: st.DrawFn) -> Written:
    names = draw(st.permutations(NAMES))
    # a row of blanks alone is none at the end of a table
    cells = {name: TEXTS if name != "note" else TEXTS.map("n{}".format) for name in NAMES}
    rows = draw(st.lists(st.fixed_dictionaries(cells), min_size=1, max_size=6))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    form = draw(st.sampled_from(["csv", "tsv", "jsonl", "separated"]))
    separator = {"csv": ",", "tsv": "\t"}.get(form) or draw(st.sampled_from([";", "|", "\t"]))
    out = io.StringIO(newline="")
    if form == "jsonl":
        blanks = draw(st.sampled_from([(", ", ": "), (",", ":")]))
        escaped = draw(st.booleans())
        for row in rows:
            kept = {name: row[name] or None for name in names if row[name] or draw(st.booleans())}
            out.write(json.dumps(kept, ensure_ascii=escaped, separators=blanks) + end)
    elif form == "tsv":
        for cells in [names, *([row[name] for name in names] for row in rows)]:
            out.write("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in cells) + end)
    else:
        how = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
        writer = csv.writer(out, delimiter=separator, quoting=how, lineterminator=end)
        writer.writerows([names, *([row[name] for name in names] for row in rows)])
    text = out.getvalue()
    if draw(st.booleans()):
        text = text.removesuffix(end)
    text += draw(st.sampled_from(["", "", end, end * 2]))
    mark = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    named = None if form in ("csv", "tsv", "jsonl") else "tab" if separator == "\t" else separator
    return Written({"separated": ".txt"}.get(form, f".{form}"), named, mark + text.encode())


def put(table: Written, folder: Path) -> Path:
    path = folder / f"table{table.suffix}"
    path.write_bytes(table.data)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@QUICK
@given(table=tables())
def test_what_is_read_and_written_back_changes_no_byte(table: Written, folder: Path):
    path = put(table, folder)
    store = opened(path, "label", "caption", separator=table.separator)
    for item, row in zip(store.items(), store.state().rows, strict=True):
        marks = store.read(item.key)
        if row.fault is None:
            assert store.write(item.key, marks.version, marks.marks) == marks
        else:
            with pytest.raises(DataError):
                store.write(item.key, marks.version, marks.marks)
    assert path.read_bytes() == table.data
    assert store.changed() == frozenset()


@QUICK
@given(table=tables(), place=st.integers(0, 5), text=TEXTS, name=st.sampled_from(["label", "caption"]))
def test_a_write_changes_one_cell_and_readers_read_it(
    table: Written, place: int, text: str, name: str, folder: Path
):
    path = put(table, folder)
    store = opened(path, "label", "caption", separator=table.separator)
    items = store.items()
    assume(place < len(items))
    key, before = items[place].key, store.state()
    marks = store.read(key)
    assume(before.rows[place].fault is None)
    try:
        after = store.write(key, marks.version, {"values": {name: text}})
    except DataError:
        assert path.read_bytes() == table.data
        return
    assert after.marks["values"][name] == (clean(text) or None)
    other = {"label": "caption", "caption": "label"}[name]
    assert after.marks["values"][other] == marks.marks["values"][other]
    now = store.state()
    assert now.content.head == before.content.head and now.content.tail == before.content.tail
    assert [row.raw for row in now.rows[:place]] == [row.raw for row in before.rows[:place]]
    assert [row.raw for row in now.rows[place + 1 :]] == [row.raw for row in before.rows[place + 1 :]]
    assert now.rows[place].rest == before.rows[place].rest
    assert now.content.data == path.read_bytes()
    again = opened(path, "label", "caption", separator=table.separator)
    assert [row.raw for row in again.state().rows] == [row.raw for row in now.rows]
    if clean(text):
        read = readers_cells(path, name, inputs={}, separator=table.separator)
        line = now.content.line_of(place)
        assert any(isinstance(row, Row) and row.line == line and row.values == (clean(text),) for row in read)


@QUICK
@given(table=tables(), text=st.text(st.sampled_from('ab ,"한'), min_size=1, max_size=5))
def test_a_change_taken_back_reads_as_before(table: Written, text: str, folder: Path):
    path = put(table, folder)
    store = opened(path, "label", "caption", separator=table.separator)
    item = store.items()[0]
    marks = store.read(item.key)
    was = marks.marks["values"]["caption"]
    assume(
        store.state().rows[0].fault is None and clean(text) and was and store.state().rows[0].texts[2] == was
    )
    try:
        changed = store.write(item.key, marks.version, values(caption=text))
    except DataError:
        return
    store.write(item.key, changed.version, values(caption=was))
    if table.suffix == ".tsv":  # quotes that a cell has needed stay
        assert path.read_bytes() == table.data
    again = opened(path, "label", "caption", separator=table.separator)
    assert again.read(item.key).marks == marks.marks
