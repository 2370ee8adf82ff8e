import errno
import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jumok.data.row import Row
from jumok.data.tables.faults import Fault
from jumok.data.tables.rows import Source
from jumok.data.tables.sources import LexiconSource, LinesSource, TableSource

BOTH = {"german": "de", "english": "en"}


def write(path: Path, data: str | bytes) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def only(source: Source) -> Fault:
    """The only item of a source, a fault."""
    (fault,) = source.rows()
    assert isinstance(fault, Fault)
    return fault


def among(source: Source, rows: int) -> Fault:
    """The only fault of a source that goes on: the other items are this many rows."""
    items = list(source.rows())
    (fault,) = [item for item in items if isinstance(item, Fault)]
    assert len(items) == rows + 1
    return fault


def test_a_fault_is_one_sentence():
    fault = Fault("train.tsv", 17, "has 3 columns, expected 2", "remove the extra tab", "column_count")
    assert str(fault) == "train.tsv:17: has 3 columns, expected 2; remove the extra tab"
    assert str(fault._replace(line=None)) == "train.tsv: has 3 columns, expected 2; remove the extra tab"


SOURCES = {
    "lines": lambda path: LinesSource({"x": path}),
    "table": lambda path: TableSource(path, BOTH),
    "lexicon": lambda path: LexiconSource(path, ("word", "phones"), "keep"),
}


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_missing_file_names_the_nearest(tmp_path, make):
    write(tmp_path / "train.tsv", "x")
    fault = only(make(tmp_path / "trian.tsv"))
    assert fault.kind == "missing_file" and fault.line is None
    assert str(fault) == f"{tmp_path / 'trian.tsv'}: does not exist; did you mean 'train.tsv'?"


def test_missing_file_without_a_similar_one(tmp_path):
    assert "correct the path" in str(only(LinesSource({"x": tmp_path / "a.txt"})))
    assert f"nor does its folder {tmp_path / 'no'}" in str(
        only(LinesSource({"x": tmp_path / "no" / "a.txt"}))
    )


def test_every_missing_file_is_named(tmp_path):
    faults = list(
        LinesSource({"x": tmp_path / "a", "y": write(tmp_path / "b", "x"), "z": tmp_path / "c"}).rows()
    )
    assert [(fault.kind, Path(fault.file).name) for fault in faults] == [
        ("missing_file", "a"),
        ("missing_file", "c"),
    ]


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_folder_and_empty_file(tmp_path, make):
    (tmp_path / "folder.tsv").mkdir()
    assert only(make(tmp_path / "folder.tsv")).kind == "not_a_file"
    assert only(make(write(tmp_path / "empty.tsv", ""))).kind == "empty_file"
    assert only(make(write(tmp_path / "empty.tsv.gz", gzip.compress(b"")))).kind == "empty_file"
    assert only(make(write(tmp_path / "mark.tsv", "\ufeff"))).kind == "empty_file"


def test_unreadable_file(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    path = write(tmp_path / "a.txt", "x")
    monkeypatch.setattr("jumok.data.tables.open_text.open_regular", refuse)
    fault = only(LinesSource({"x": path}))
    assert fault.kind == "unreadable_file" and "Permission denied" in str(fault)


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_damaged_gzip(tmp_path, make):
    lines = b"de\ten\n" + b"".join(b"%d\tAH%d\n" % (i, i) for i in range(5000))
    whole = gzip.compress(lines)
    fault = list(make(write(tmp_path / "a.tsv.gz", whole[:-2000])).rows())[-1]
    assert fault.kind == "damaged_gzip" and str(tmp_path / "a.tsv.gz") in str(fault)
    assert only(make(write(tmp_path / "b.tsv.gz", "not gzip"))).kind == "damaged_gzip"
    broken = whole[:100] + bytes(50) + whole[150:]
    assert list(make(write(tmp_path / "c.tsv.gz", broken)).rows())[-1].kind == "damaged_gzip"


def test_invalid_utf8_names_line_and_byte(tmp_path):
    path = write(tmp_path / "a.txt", b"ok\nM\xe4use\nok\n")
    fault = among(LinesSource({"x": path}), rows=2)
    assert fault.kind == "invalid_utf8"
    assert str(fault).startswith(f"{path}:2: is not valid UTF-8 at byte 2 of the line (0xe4)")
    for name in ("t.tsv", "t.csv", "t.jsonl"):
        mark = b"\t" if name == "t.tsv" else b","
        rows = [b"de" + mark + b"en", b"a" + mark + b"b", b"M\xe4use" + mark + b"mice", b"c" + mark + b"d"]
        if name == "t.jsonl":
            rows = [b'{"de": "a", "en": "b"}', b'{"de": "c", "en": "d"}', b'{"de": "M\xe4use", "en": "x"}']
        fault = among(TableSource(write(tmp_path / name, b"\n".join(rows)), BOTH), rows=2)
        assert fault.kind == "invalid_utf8" and fault.line == 3
    fault = among(
        LexiconSource(write(tmp_path / "x.dict", b"a AH\n\xe9 EH\n"), ("word", "phones"), "keep"), rows=1
    )
    assert (fault.kind, fault.line) == ("invalid_utf8", 2)


def test_invalid_utf8_in_the_second_line_of_a_cell(tmp_path):
    path = write(tmp_path / "t.csv", b'de,en\n"eins\nM\xe4use",x\nc,d\n')
    fault = among(TableSource(path, BOTH), rows=1)
    assert fault.kind == "invalid_utf8" and str(fault).startswith(f"{path}:3: ")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_wide_encodings_are_named(tmp_path, encoding):
    """With a byte order mark; none of the rows can be read, so there is none to skip."""
    fault = only(LinesSource({"x": write(tmp_path / "a.txt", "Mäuse\n".encode(encoding))}))
    assert fault.kind == "wrong_encoding" and encoding.upper() in str(fault)


@pytest.mark.parametrize("empty", ["", " \t", "\u3000\u2028"])
def test_empty_side_of_parallel_files(tmp_path, empty):
    de, en = (
        write(tmp_path / "a.de", "eins\nzwei\ndrei\n"),
        write(tmp_path / "a.en", f"one\n{empty}\nthree\n"),
    )
    fault = among(LinesSource({"german": de, "english": en}), rows=2)
    assert fault.kind == "empty_side" and str(fault).startswith(f"{en}:2: is empty; ")


def test_empty_side_of_tables_and_lexicons(tmp_path):
    for name, text, line in (
        ("t.tsv", "de\ten\na\tb\n \tc\n", 3),
        ("t.csv", 'de,en\na,b\n"",c\n', 3),
        ("t.jsonl", '{"de": "a", "en": "b"}\n{"de": "", "en": "c"}\n', 2),
    ):
        path = write(tmp_path / name, text)
        fault = among(TableSource(path, BOTH), rows=1)
        assert fault.kind == "empty_side" and str(fault).startswith(f"{path}:{line}: column 'de' is empty; ")
    path = write(tmp_path / "x.dict", "a AH0\nb # nothing\n")
    fault = among(LexiconSource(path, ("word", "phones"), "keep"), rows=1)
    assert fault.kind == "empty_side" and str(fault).startswith(f"{path}:2: column 'phones' is empty; ")


def test_files_of_different_lengths_name_both_counts(tmp_path):
    de, en = write(tmp_path / "a.de", "eins\nzwei\n"), write(tmp_path / "a.en", "one\ntwo\nthree\nfour\nfive")
    items = list(LinesSource({"english": en, "german": de}).rows())
    assert items[:2] == [Row(1, ("one", "eins")), Row(2, ("two", "zwei"))]
    (fault,) = items[2:]
    assert fault.kind == "length_mismatch"
    assert str(fault).startswith(f"{de}: has 2 lines, but {en} has 5; ")


@pytest.mark.parametrize(("name", "mark", "word"), [("t.tsv", "\t", "tab"), ("t.csv", ",", "comma")])
def test_wrong_column_count(tmp_path, name, mark, word):
    rows = ("de|en", "a|b", "a|b|c", "a|b").__iter__()
    path = write(tmp_path / name, "\n".join(row.replace("|", mark) for row in rows))
    fault = among(TableSource(path, BOTH), rows=2)
    assert fault.kind == "column_count"
    sentence = f"{path}:3: has 3 columns, expected 2; remove the extra {word} or name the columns"
    assert str(fault) == sentence
    path = write(tmp_path / name, f"de{mark}en\na\n")
    assert str(only(TableSource(path, BOTH))) == f"{path}:2: has 1 column, expected 2; add the missing {word}"
    path = write(tmp_path / name, f"de{mark}en\n\na{mark}b\n")
    assert str(among(TableSource(path, BOTH), rows=1)).endswith("; remove the empty line")


def test_unknown_column_names_the_columns_there_are(tmp_path):
    for name, line in (("t.tsv", ":1"), ("t.csv", ":1"), ("t.jsonl", ":1"), ("t.parquet", "")):
        path = tmp_path / name
        if name == "t.parquet":
            pq.write_table(pa.table({"german": ["a"], "en": ["b"]}), path)
        else:
            texts = {"t.tsv": "german\ten\na\tb\n", "t.csv": "german,en\na,b\n"}
            write(path, texts.get(name, '{"german": "a", "en": "b"}\n'))
        fault = only(TableSource(path, {"german": "germna", "english": "en"}))
        assert fault.kind == "unknown_column"
        expected = "has no column 'germna', its columns are: german, en; did you mean 'german'?"
        assert str(fault) == f"{path}{line}: {expected}"
    fault = only(
        TableSource(write(tmp_path / "t.tsv", "x\ty\na\tb\n"), {"german": "x", "english": "quite else"})
    )
    assert "its columns are: x, y; say under columns:" in str(fault)


def test_duplicate_column(tmp_path):
    path = write(tmp_path / "t.tsv", "de\ten\tde\na\tb\tc\n")
    fault = only(TableSource(path, BOTH))
    assert fault.kind == "duplicate_column" and str(fault).startswith(f"{path}:1: has 2 columns named 'de'")


def test_bad_csv_goes_on_after_it(tmp_path):
    path = write(tmp_path / "t.csv", 'de,en\n"a"b,c\nd,e\n')
    fault = among(TableSource(path, BOTH), rows=1)
    assert fault.kind == "bad_csv" and str(fault).startswith(f"{path}:2: is not valid CSV")
    path = write(tmp_path / "t.csv", 'de,en\na,b\n"c,d\ne,f\n')  # never closed
    fault = among(TableSource(path, BOTH), rows=2)
    assert fault.kind == "bad_csv" and fault.line == 3


@pytest.mark.parametrize(
    "bad", ['{"de": "a"', "[1, 2]", '{"de": NaN, "en": "x"}', '"text"', "1", "[" * 10**5]
)
def test_bad_json(tmp_path, bad):
    path = write(tmp_path / "t.jsonl", f'{{"de": "a", "en": "b"}}\n{bad}\n{{"de": "c", "en": "d"}}')
    fault = among(TableSource(path, BOTH), rows=2)
    assert fault.kind == "bad_json" and str(fault).startswith(f"{path}:2: ")


@pytest.mark.parametrize(
    ("value", "kind", "called"),
    [
        ("null", "null_cell", "null"),
        ("[1]", "bad_value", "a list"),
        ("{}", "bad_value", "an object"),
        ("true", "bad_value", "true or false"),
        ('"\\ud800"', "lone_surrogate", "surrogate"),
    ],
)
def test_json_values_that_are_no_text(tmp_path, value, kind, called):
    path = write(tmp_path / "t.jsonl", f'{{"de": "a", "en": "b"}}\n{{"de": {value}, "en": "b"}}\n')
    fault = among(TableSource(path, BOTH), rows=1)
    assert fault.kind == kind and str(fault).startswith(f"{path}:2: column 'de' ") and called in str(fault)


def test_parquet_faults(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"de": ["a", None, " "], "en": ["b", "c", "d"]}), path)
    items = list(TableSource(path, BOTH).rows())
    assert [item.kind for item in items[1:]] == ["null_cell", "empty_side"]
    assert str(items[1]).startswith(f"{path}:2: column 'de' is null; ")
    pq.write_table(pa.table({"de": [True], "en": ["b"]}), path)
    fault = only(TableSource(path, BOTH))
    assert fault.kind == "bad_value" and "column 'de' holds bool" in str(fault)
    pq.write_table(pa.table({"de": pa.array([], pa.string()), "en": pa.array([], pa.string())}), path)
    assert only(TableSource(path, BOTH)).kind == "empty_file"


def test_damaged_parquet(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"de": [f"a{i}" for i in range(999)], "en": ["b"] * 999}), path)
    whole = path.read_bytes()
    assert only(TableSource(write(path, whole[:-9]), BOTH)).kind == "damaged_parquet"
    assert only(TableSource(write(path, "no parquet"), BOTH)).kind == "damaged_parquet"
    fault = list(TableSource(write(path, whole[:50] + bytes(500) + whole[550:]), BOTH).rows())[-1]
    assert fault.kind == "damaged_parquet" and str(fault).startswith(f"{path}: ")


@pytest.mark.parametrize("text", ["de\ten\n", "de\ten\n\n \n", "\n\n"])
def test_table_without_rows(tmp_path, text):
    assert only(TableSource(write(tmp_path / "t.tsv", text), BOTH)).kind == "empty_file"


def test_a_fault_of_a_name_that_is_no_utf8_can_be_written():
    fault = Fault("a\udcb0.png", None, "is empty", "remove it", "empty_file")
    assert str(fault) == r"a\xb0.png: is empty; remove it"
