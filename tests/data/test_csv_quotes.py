"""Quotes that were not meant as quotes: what they would swallow is told, and read nevertheless."""

import csv
import io
from pathlib import Path

import pytest

from jumok.data.tables.sources import TableSource
from read_sources import kinds, read, write

BOTH = {"german": "de", "english": "en"}
PAIRS = [(f"Satz {i}", f"sentence {i}") for i in range(40)]


def table(path: Path, lines: list[str]) -> TableSource:
    return TableSource(write(path, "\n".join(["de,en", *lines]) + "\n"), BOTH)


def lines() -> list[str]:
    return [f"{de},{en}" for de, en in PAIRS]


@pytest.mark.parametrize("place", [0, 5, 39])
def test_an_open_quote_takes_its_own_line_alone(tmp_path, place):
    some = lines()
    some[place] = f'"{some[place]}'
    rows, (fault,) = read(table(tmp_path / "t.csv", some))
    assert rows == PAIRS[:place] + PAIRS[place + 1 :]
    assert (fault.kind, fault.line) == ("bad_csv", place + 2)
    swallowed = 39 - place
    assert ("swallows" in fault.problem) == bool(swallowed)
    assert not swallowed or f"swallows {swallowed} line" in fault.problem


def test_several_open_quotes(tmp_path):
    some = lines()
    for place in (3, 10, 11, 30):
        some[place] = f'"{some[place]}'
    rows, faults = read(table(tmp_path / "t.csv", some))
    assert [fault.line for fault in faults] == [5, 12, 13, 32]
    assert rows == [pair for i, pair in enumerate(PAIRS) if i not in (3, 10, 11, 30)]


def test_a_quote_that_a_later_one_closes(tmp_path):
    some = lines()
    some[5] = '"' + some[5]
    some[15] = some[15] + '"'
    rows, (fault,) = read(table(tmp_path / "t.csv", some))
    assert (fault.kind, fault.line) == ("merged_rows", 7)
    assert "closes only in line 17, and swallows 10 lines that look like rows" in fault.problem
    assert rows[:14] == [*PAIRS[:5], *PAIRS[6:15]] and len(rows) == 39


def test_a_quote_that_a_later_one_breaks(tmp_path):
    some = lines()
    some[5] = '"' + some[5]
    some[15] = '"' + some[15]  # not at the end of a cell, so that the row cannot be read
    rows, faults = read(table(tmp_path / "t.csv", some))
    assert kinds(faults) == ["bad_csv", "bad_csv"] and "swallows 10 lines" in faults[0].problem
    assert rows == [pair for i, pair in enumerate(PAIRS) if i not in (5, 15)]


def test_cells_of_several_lines_are_read_and_remarked(tmp_path):
    pairs = [("eins\nzwei", "one\r\ntwo"), ("a, b\nc\nd, e\nf\ng", "x"), ('"', "say quote")]
    text = io.StringIO()
    csv.writer(text).writerows([("de", "en"), *pairs])
    one = TableSource(write(tmp_path / "t.csv", text.getvalue()), BOTH)
    assert read(one) == (pairs, [])
    assert [(remark.kind, remark.line) for remark in one.remarks] == [("long_cell", 2), ("long_cell", 2)]


@pytest.mark.parametrize("unwanted", [True, False])
def test_long_cells(tmp_path, unwanted):
    long = "x" * 500_000
    head, row = ("de,en,image", f"a,b,{long}") if unwanted else ("de,en", f"a,{long}")
    rows, faults = read(TableSource(write(tmp_path / "t.csv", f"{head}\n{row}\n"), BOTH))
    assert rows == [("a", "b" if unwanted else long)] and not faults


def test_a_quote_that_never_closes_is_given_up_in_time(tmp_path, monkeypatch):
    monkeypatch.setattr("jumok.data.tables.quoted.MOST_LINES", 10)
    some = lines()
    some[2] = '"' + some[2]
    rows, (fault,) = read(table(tmp_path / "t.csv", some))
    assert "swallows at least 9 lines" in fault.problem and rows == [*PAIRS[:2], *PAIRS[3:]]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('"a"b,c', "a quoted cell contains a quote"),
        ("a\rb,c", "a cell without quotes contains a carriage return (CR)"),
    ],
)
def test_reasons_are_plain(tmp_path, row, reason):
    rows, (fault,) = read(table(tmp_path / "t.csv", [row, "d,e"]))
    assert rows == [("d", "e")] and fault.problem == f"is not valid CSV: {reason}"


def test_a_quoted_tsv_is_told(tmp_path):
    rows = [("de", "en"), ('Er sagte "ja"', 'He said "yes"'), ("ein Hund", "a dog"), ('"A" und "B"', "x")]
    text = io.StringIO()
    csv.writer(text, delimiter="\t").writerows(rows)
    path = write(tmp_path / "t.tsv", text.getvalue())
    one = TableSource(path, BOTH)
    assert read(one)[0][0] == ('"Er sagte ""ja"""', '"He said ""yes"""')  # quotes are ordinary here
    assert [(remark.kind, remark.line) for remark in one.remarks] == [("quoted_tsv", 2), ("quoted_tsv", 2)]
    assert "separator: tab" in one.remarks[0].remedy
    assert read(TableSource(path, BOTH, separator="\t")) == (rows[1:], [])  # as the remark advises
    ordinary = TableSource(write(tmp_path / "u.tsv", 'de\ten\n"Hallo"\tEr sagte "ja\n"a" "b"\tc\n'), BOTH)
    assert len(read(ordinary)[0]) == 2 and not ordinary.remarks


def test_a_tsv_all_in_quotes_is_told_by_its_names(tmp_path):
    path = write(tmp_path / "t.tsv", '"de"\t"en"\n"a"\t"b"\n')
    _, (fault,) = read(TableSource(path, BOTH))
    assert fault.kind == "wrong_format" and "quotes around its names" in fault.problem
    assert read(TableSource(path, BOTH, separator="\t")) == ([("a", "b")], [])


def test_a_line_end_in_a_quoted_cell_of_a_tsv_is_told(tmp_path):
    _, faults = read(TableSource(write(tmp_path / "t.tsv", 'de\ten\n"a\nb"\tc\n'), BOTH))
    assert kinds(faults) == ["column_count"] * 1 and "holds line ends" in faults[0].remedy
