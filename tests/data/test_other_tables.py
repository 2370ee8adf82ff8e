"""Tables as people have them: other separators, without names, JSON arrays, objects in objects, odd Parquet."""

import datetime
import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jumok.data.tables.sources import TableSource
from jumok.dataset.row_cache import FATAL
from jumok.errors import ConfigurationError
from read_sources import kinds, read, write

BOTH = {"german": "de", "english": "en"}
NUMBERS = {"korean": 2, "english": 1}


@pytest.mark.parametrize(
    ("name", "mark", "called"),
    [("t.csv", ";", "semicolon"), ("t.csv", "\t", "tab"), ("t.csv", "|", "bar"), ("t.tsv", ",", "comma")],
)
@pytest.mark.parametrize("quote", ["", '"'])
def test_another_separator_is_named_and_can_be_said(tmp_path, name, mark, called, quote):
    rows = [("de", "en", "n"), ("a", "b", "1"), ("c, d" if mark != "," else "c", "e", "2")]
    text = "\n".join(mark.join(f"{quote}{cell}{quote}" for cell in row) for row in rows)
    path = write(tmp_path / name, text + "\n")
    _, (fault,) = read(TableSource(path, BOTH))
    usual = "comma" if name == "t.csv" else "tab"
    assert fault.kind == "wrong_separator" and fault.line == 1
    assert fault.problem == f"has a {called} between its columns, expected a {usual}"
    assert "separator: " in fault.remedy
    assert read(TableSource(path, BOTH, separator=mark)) == ([row[:2] for row in rows[1:]], [])


@pytest.mark.parametrize(
    ("name", "mark"), [("t.txt", "\t"), ("t.tsv", "\t"), ("t.csv", ","), ("t.txt.gz", "\t")]
)
def test_columns_by_number_in_tables_without_names(tmp_path, name, mark):
    rows = [("hello", "안녕", "x"), ("one", "하나", "y"), ("two", "둘", "z")]
    path = write(tmp_path / name, "\n".join(mark.join(row) for row in rows) + "\n\n")
    one = TableSource(path, NUMBERS)
    assert read(one) == ([(ko, en) for en, ko, _ in rows], []) and not one.remarks
    assert [row.line for row in one.rows()] == [1, 2, 3]


def test_faults_of_numbered_columns(tmp_path):
    path = write(tmp_path / "t.txt", "a\tb\nc\nd\t\ne\tf\n")
    rows, faults = read(TableSource(path, NUMBERS))
    assert rows == [("b", "a"), ("f", "e")] and [(fault.line, fault.kind) for fault in faults] == [
        (2, "column_count"),
        (3, "empty_side"),
    ]
    assert str(faults[1]).startswith(f"{path}:3: column 2 is empty; ")
    _, (fault,) = read(TableSource(path, {"korean": 4, "english": 1}))
    assert fault.kind == "unknown_column" and fault.problem == "has no column 4, only 2 columns"
    _, (fault,) = read(TableSource(write(tmp_path / "u.txt", "a b\n"), NUMBERS))
    assert "only 1 column" in fault.problem and "say another separator" in fault.remedy


def test_names_above_numbered_columns_are_told(tmp_path):
    one = TableSource(write(tmp_path / "t.txt", "English\tKorean\nhello\t안녕\n"), NUMBERS)
    assert read(one)[0] == [("Korean", "English"), ("안녕", "hello")]
    assert kinds(one.remarks) == ["like_header"] and one.remarks[0].line == 1


def test_numbers_and_separators_belong_to_tables_of_lines():
    with pytest.raises(ConfigurationError, match="all by number"):
        TableSource(Path("t.tsv"), {"korean": 2, "english": "en"})
    for name in ("t.jsonl", "t.json", "t.parquet"):
        with pytest.raises(ConfigurationError, match="columns by number belong to .tsv, .txt and .csv"):
            TableSource(Path(name), NUMBERS)
        with pytest.raises(ConfigurationError, match="a separator belong"):
            TableSource(Path(name), BOTH, separator=";")


def test_one_column_for_two_fields_is_told(tmp_path):
    one = TableSource(write(tmp_path / "t.csv", "a,b\nx,y\n"), {"german": "a", "english": "a"})
    assert read(one) == ([("x", "x")], []) and kinds(one.remarks) == ["same_column"]


# --- JSON

OBJECTS = [{"de": f"ein {i}", "en": f"a {i}", "n": i} for i in range(5)]
PAIRS = [(one["de"], one["en"]) for one in OBJECTS]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("name", ["t.json", "t.json.gz"])
def test_arrays_of_objects(tmp_path, indent, name):
    path = write(tmp_path / name, json.dumps(OBJECTS, indent=indent))
    assert read(TableSource(path, BOTH)) == (PAIRS, [])
    lines = [row.line for row in TableSource(path, BOTH).rows()]
    assert lines == ([1] * 5 if indent is None else [2, 7, 12, 17, 22])


def test_objects_one_after_the_other_are_read_as_json_too(tmp_path):
    text = "\n".join(map(json.dumps, OBJECTS))
    assert read(TableSource(write(tmp_path / "t.json", text), BOTH)) == (PAIRS, [])


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ('[\n{"de": "a", "en": "b"},\n{"de": "c", "en": "d"}\n', 3, "its array is never closed"),
        ('[\n{"de": "a", "en": "b"}\n{"de": "c", "en": "d"}]\n', 3, "a comma or ] was expected"),
        ('[{"de": "a", "en": "b"},\n{"de": "c", "en": }]', 2, "Expecting value"),
        ('[{"de": "a", "en": "b"},\n' + "[" * 99_999, 2, "nested too deeply"),
    ],
)
def test_what_stands_behind_a_fault_of_an_array_is_not_left_out_unsaid(tmp_path, text, line, problem):
    """The rest cannot be read, so this is a fault of the file and not of one row that may be skipped."""
    rows, (fault,) = read(TableSource(write(tmp_path / "t.json", text), BOTH))
    assert rows[0] == ("a", "b") and (fault.kind, fault.line) == ("damaged_json", line)
    assert problem in fault.problem and fault.kind in FATAL


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ('{"de": "c", "de": "d", "en": "e"}', "'de' occurs twice in it"),
        ('{"de": NaN, "en": "e"}', "NaN is no JSON"),
        ("7", "a string or number, expected an object"),
    ],
)
def test_a_fault_of_one_object_of_an_array(tmp_path, wrong, problem):
    text = '[{"de": "a", "en": "b"},\n' + wrong + ',\n{"de": "f", "en": "g"}]'
    rows, (fault,) = read(TableSource(write(tmp_path / "t.json", text), BOTH))
    assert rows == [("a", "b"), ("f", "g")] and (fault.kind, fault.line) == ("bad_json", 2)
    assert problem in fault.problem


def test_what_holds_something_else_than_rows(tmp_path):
    for text, kind in (("[]", "empty_file"), ('{"data": [{"de": "a", "en": "b"}]}', "unknown_column")):
        assert kinds(read(TableSource(write(tmp_path / "t.json", text), BOTH))[1]) == [kind]


@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_in_jsonl_is_one_fault(tmp_path, indent):
    rows, (fault,) = read(TableSource(write(tmp_path / "t.jsonl", json.dumps(OBJECTS, indent=indent)), BOTH))
    assert not rows and fault.kind == "wrong_format" and "name it .json" in fault.remedy


@pytest.mark.parametrize(
    ("line", "problem", "remedy"),
    [
        ("", "is an empty line", "remove it"),
        ('{"de": "a", "de": "b", "en": "c"}', "the key 'de' occurs twice in it", "write each key once"),
        ('{"de": NaN, "en": "c"}', "NaN is no JSON", "write a number or remove the row"),
        ('{"de": "a", "en": "b"} {}', "something follows its end, at character 24", "one JSON object a line"),
        ('{"de": "a", "en"}', "at character 17", "one JSON object a line"),
    ],
)
def test_faults_of_a_line_say_what_to_do(tmp_path, line, problem, remedy):
    text = f'{{"de": "x", "en": "y"}}\n{line}\n{{"de": "v", "en": "w"}}\n'
    rows, (fault,) = read(TableSource(write(tmp_path / "t.jsonl", text), BOTH))
    assert rows == [("x", "y"), ("v", "w")] and fault.line == 2
    assert problem in fault.problem and remedy in fault.remedy


@pytest.mark.parametrize("name", ["t.jsonl", "t.json", "t.parquet"])
def test_objects_in_objects(tmp_path, name):
    nested = [{"id": i, "translation": {"de": de, "en": en}} for i, (de, en) in enumerate(PAIRS)]
    path = tmp_path / name
    if name == "t.parquet":
        pq.write_table(pa.Table.from_pylist(nested), path)
    else:
        write(path, json.dumps(nested) if name == "t.json" else "\n".join(map(json.dumps, nested)))
    _, (fault, *_) = read(TableSource(path, BOTH))
    assert fault.kind == "unknown_column" and "say columns: {de: translation.de}" in fault.remedy
    dotted = {"german": "translation.de", "english": "translation.en"}
    assert read(TableSource(path, dotted)) == (PAIRS, [])
    _, (fault, *_) = read(TableSource(path, {"german": "translation", "english": "translation.en"}))
    assert fault.kind == "bad_value"


# --- Parquet


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a", "b"]).dictionary_encode(),
        pa.array(["a", "b"], pa.large_string()),
        pa.array(["a", "b"], pa.string_view()),
        pa.chunked_array([["a"], ["b"]]),
    ],
    ids=["dictionary", "large", "view", "chunks"],
)
def test_texts_of_any_layout(tmp_path, column):
    pq.write_table(pa.table({"de": column, "en": ["x", "y"]}), tmp_path / "t.parquet")
    assert read(TableSource(tmp_path / "t.parquet", BOTH)) == ([("a", "x"), ("b", "y")], [])


@pytest.mark.parametrize(
    ("values", "kind", "texts"),
    [
        ([1.0, 2.5, 1e22], pa.float64(), ["1.0", "2.5", "1e+22"]),
        ([0.1, 2.5], pa.float32(), ["0.1", "2.5"]),
        (np.array([0.1, 2.5], np.float16), pa.float16(), ["0.1", "2.5"]),
        ([2**63, 1], pa.uint64(), [str(2**63), "1"]),
        ([Decimal("1.50")], pa.decimal128(10, 2), ["1.50"]),
    ],
)
def test_numbers_as_they_are(tmp_path, values, kind, texts):
    pq.write_table(pa.table({"de": pa.array(values, kind), "en": ["x"] * len(texts)}), tmp_path / "t.parquet")
    rows, faults = read(TableSource(tmp_path / "t.parquet", BOTH))
    assert [de for de, _ in rows] == texts and not faults


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32()])
def test_numbers_that_are_none(tmp_path, kind):
    values = pa.array([1.0, float("nan"), float("inf"), None, 2.0], kind)
    pq.write_table(pa.table({"de": values, "en": list("abcde")}), tmp_path / "t.parquet")
    rows, faults = read(TableSource(tmp_path / "t.parquet", BOTH))
    assert rows == [("1.0", "a"), ("2.0", "e")]
    assert [(fault.line, fault.kind) for fault in faults] == [
        (2, "bad_value"),
        (3, "bad_value"),
        (4, "null_cell"),
    ]
    assert "not a number (NaN)" in faults[0].problem and "infinite" in faults[1].problem


def test_one_bad_text_takes_its_row_alone(tmp_path):
    parts = [b"a", b"M\xe4use", b"c"]
    offsets = np.cumsum([0, *map(len, parts)]).astype("<i4").tobytes()
    bad = pa.Array.from_buffers(pa.string(), 3, [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(parts))])
    pq.write_table(pa.table({"de": bad, "en": ["x", "y", "z"]}), tmp_path / "t.parquet")
    rows, (fault,) = read(TableSource(tmp_path / "t.parquet", BOTH))
    assert rows == [("a", "x"), ("c", "z")] and (fault.kind, fault.line) == ("invalid_utf8", 2)


@pytest.mark.parametrize(
    "column",
    [[b"a"], [["a"]], [datetime.date(2020, 1, 1)], [True], [{"x": "a"}], pa.nulls(1)],
    ids=["bytes", "list", "date", "bool", "struct", "null"],
)
def test_other_types_are_refused(tmp_path, column):
    pq.write_table(pa.table({"de": column, "en": ["x"]}), tmp_path / "t.parquet")
    rows, (fault,) = read(TableSource(tmp_path / "t.parquet", BOTH))
    assert not rows and fault.kind == "bad_value" and "column 'de' holds" in fault.problem
