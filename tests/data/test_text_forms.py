"""Files that are not UTF-8 lines are told as what they are."""

import bz2
import gzip
import lzma

import pytest

from jumok.data.tables.encodings import likely_encoding, wide_form
from jumok.data.tables.sources import LexiconSource, LinesSource, TableSource
from read_sources import kinds, read, write

BOTH = {"german": "de", "english": "en"}
TEXTS = {  # each reader, and a good file of it
    "a.txt": "ein Hund\nzwei Mäuse\ndrei Häuser\n",
    "t.tsv": "de\ten\nein Hund\ta dog\nzwei Mäuse\ttwo mice\n",
    "t.csv": "de,en\nein Hund,a dog\nzwei Mäuse,two mice\n",
    "t.jsonl": '{"de": "ein Hund", "en": "a dog"}\n{"de": "zwei Mäuse", "en": "two mice"}\n',
    "t.json": '[{"de": "ein Hund", "en": "a dog"},\n{"de": "zwei Mäuse", "en": "two mice"}]\n',
    "x.dict": "hello HH AH0\nworld W ER1\n",
}
each_file = pytest.mark.parametrize("name", TEXTS)


def source(path):
    if path.name.startswith("x.dict"):
        return LexiconSource(path, ("word", "phones"))
    return LinesSource({"x": path}) if path.name.startswith("a.txt") else TableSource(path, BOTH)


@each_file
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_good_file_has_no_faults_nor_remarks(tmp_path, name, suffix):
    one = source(write(tmp_path / f"{name}{suffix}", TEXTS[name]))
    rows, faults = read(one)
    assert len(rows) >= 2 and not faults and not one.remarks


@each_file
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_cr_line_ends(tmp_path, name, suffix):
    path = write(tmp_path / f"{name}{suffix}", TEXTS[name].replace("\n", "\r"))
    rows, (fault,) = read(source(path))
    assert not rows and fault.kind == "cr_line_ends"
    assert str(fault).startswith(f"{path}:1: has CR line ends (old Mac)") and "CRLF" in fault.remedy


@each_file
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32-le", "utf-32-be", "utf-32"])
def test_wide_encodings_with_and_without_a_mark(tmp_path, name, encoding):
    path = write(tmp_path / name, TEXTS[name].encode(encoding))
    rows, (fault,) = read(source(path))
    assert not rows and fault.kind in ("wrong_encoding", "invalid_utf8") and "UTF-8" in fault.remedy
    assert "is UTF-16, expected UTF-8" in fault.problem or "is UTF-32, expected UTF-8" in fault.problem


@pytest.mark.parametrize(
    "text",
    ["안녕하세요 세계\n좋은 아침입니다\n", "日本語の文です。\n二行目\n", "привет мир\nкак дела\n", "a\nb\n"],
)
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_wide_encodings_of_many_languages(text, encoding):
    assert wide_form((text * 20).encode(encoding)) == "UTF-16"
    assert wide_form(text.encode()) is None


@pytest.mark.parametrize("data", [b"text with a \0 in it\nand more of it\n" * 9, bytes(4096), b"\0", b"a\0"])
def test_some_nuls_are_no_wide_encoding(data):
    assert wide_form(data) is None


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        ("안녕하세요", "cp949", "CP949"),
        ("これはペンです", "cp932", "Shift JIS"),
        ("今天天气很好，我们去公园散步吧", "gbk", "GBK"),
        ("Zwei Mäuse in großen Häusern", "latin-1", "Latin-1"),
        ("Les élèves étaient à l'école", "cp1252", "Latin-1"),
    ],
)
def test_the_likely_encoding_of_a_line_is_named(tmp_path, text, encoding, name):
    assert name in likely_encoding(text.encode(encoding))
    _, (fault,) = read(
        LinesSource({"x": write(tmp_path / "a.txt", b"good\n" + text.encode(encoding) + b"\n")})
    )
    assert fault.line == 2 and fault.kind == "invalid_utf8" and name in fault.remedy


@each_file
@pytest.mark.parametrize(
    ("pack", "what"),
    [
        (bz2.compress, "bzip2"),
        (lzma.compress, "xz"),
        (lambda data: b"PK\x03\x04" + data, "workbook"),
        (lambda data: b"%PDF-1.7\n" + data, "PDF"),
        (lambda data: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
    ],
)
def test_other_formats_are_named(tmp_path, name, pack, what):
    rows, (fault,) = read(source(write(tmp_path / name, pack(TEXTS[name].encode()))))
    assert not rows and fault.kind == "wrong_format" and what in str(fault) and fault.remedy


@each_file
def test_bytes_after_the_end_of_gzip(tmp_path, name):
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress(TEXTS[name].encode()) + b"more")
    _, faults = read(source(path))
    assert kinds(faults) == ["damaged_gzip"] and "after the end of its gzip data" in str(faults[0])
    path.write_bytes(TEXTS[name].encode())
    _, (fault,) = read(source(path))
    assert "is not a gzip file" in str(fault)
    path.write_bytes(gzip.compress(TEXTS[name].encode()) + bytes(512))  # tapes and some programs pad so
    assert not read(source(path))[1]


def test_devices_and_names_that_cannot_be(tmp_path):
    for path, kind in (
        ("/dev/zero", "not_a_file"),
        ("/dev/null", "empty_file"),
        ("x" * 300, "unreadable_file"),
    ):
        (fault,) = read(LinesSource({"x": tmp_path / path}))[1]
        assert fault.kind == kind
    (fault,) = read(LinesSource({"x": tmp_path / "a\0b"}))[1]
    assert fault.kind == "missing_file"


def test_empty_lines_at_the_end_are_no_rows_and_are_told_where_files_differ(tmp_path):
    de, en = write(tmp_path / "a.de", "eins\nzwei\n\n \n"), write(tmp_path / "a.en", "one\ntwo\n")
    assert read(LinesSource({"de": de, "en": en})) == ([("eins", "one"), ("zwei", "two")], [])
    write(en, "one\ntwo\nthree\n")
    _, (fault,) = read(LinesSource({"de": de, "en": en}))
    assert str(fault).startswith(f"{de}: has 2 (and 2 empty at the end) lines, but {en} has 3; ")
    blank = write(tmp_path / "b", "\n\n \n")
    assert kinds(read(LinesSource({"x": blank}))[1]) == ["empty_file"]
    _, (fault,) = read(LinesSource({"en": en, "x": blank}))
    assert str(fault) == f"{blank}: has empty lines alone; write examples into it"


def test_a_cr_inside_a_line_is_no_part_of_a_text(tmp_path):
    path = write(tmp_path / "a.txt", "one\rtwo\nthree\r\n")
    rows, (fault,) = read(LinesSource({"x": path}))
    assert rows == [("three",)] and (fault.kind, fault.line) == ("cr_inside", 1)
    path = write(tmp_path / "t.tsv", "de\ten\na\rb\tc\nd\te\r\n")
    rows, (fault,) = read(TableSource(path, BOTH))
    assert rows == [("d", "e")] and (fault.kind, fault.line) == ("cr_inside", 2)


@pytest.mark.parametrize("text", ["\u200b", "\u2060\u200b", "\u200e", "\u3164", " \u200b \u00ad", "\u2800"])
def test_what_nobody_sees_is_as_good_as_empty(tmp_path, text):
    rows, (fault,) = read(LinesSource({"x": write(tmp_path / "a.txt", f"a\n{text}\nb\n")}))
    assert rows == [("a",), ("b",)] and (fault.kind, fault.line) == ("empty_side", 2)
    assert "invisible" in fault.problem and "U+" in fault.problem
    rows, (fault,) = read(TableSource(write(tmp_path / "t.tsv", f"de\ten\na\t{text}\n"), BOTH))
    assert not rows and fault.problem.startswith("column 'en' holds only invisible characters")


def test_marks_in_the_middle_are_left_out_and_told(tmp_path):
    one = LinesSource({"x": write(tmp_path / "a.txt", "a\n\ufeffb\nc\n\ufeffd\ufeff\n")})
    assert read(one) == ([("a",), ("b",), ("c",), ("d",)], [])
    (remark,) = one.remarks
    assert (remark.kind, remark.line) == ("mark_inside", 2) and "and so in 1 more" in remark.problem


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("u\u0308ber", "decomposed", "über"),
        ("\u1112\u1161\u11ab", "decomposed_hangul", "한"),
        ("a\u200bb", "invisible", "a\u200bb"),
        ("왜\u00ad", "invisible", "왜\u00ad"),
    ],
)
def test_what_is_changed_or_cannot_be_seen_is_told(tmp_path, text, kind, value):
    one = TableSource(write(tmp_path / "t.csv", f"de,en\nä,ö\n{text},b\n{text},c\n"), BOTH)
    assert read(one)[0] == [("ä", "ö"), (value, "b"), (value, "c")]
    (remark,) = one.remarks
    assert (remark.kind, remark.line) == (kind, 3)
    assert remark.problem.startswith("column 'de' ") and "and so in 1 more" in remark.problem


@pytest.mark.parametrize("text", ["👨\u200d👩\u200d👧", "می\u200cخواهم", "❤\ufe0f", "ㄱㅏ", "é"])
def test_what_scripts_and_emoji_need_is_no_remark(tmp_path, text):
    one = LinesSource({"x": write(tmp_path / "a.txt", f"{text}\n")})
    assert read(one) == ([(text,)], []) and not one.remarks


@pytest.mark.parametrize("separator", ["\u0085", "\u2028", "\u2029"])
def test_other_line_ends(tmp_path, separator):
    """They are told where no line ends otherwise; inside texts they are ordinary characters."""
    path = write(tmp_path / "a.txt", TEXTS["a.txt"].replace("\n", separator))
    rows, (fault,) = read(source(path))
    assert not rows and fault.kind == "odd_line_ends" and f"U+{ord(separator):04X}" in str(fault)
    rows, faults = read(source(write(tmp_path / "a.txt", f"a{separator}b{separator}c\nd\n")))
    assert len(rows) == 2 and not faults
