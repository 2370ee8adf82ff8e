"""Tables that are labelled: the right row is written, others' changes are noticed, and nothing else is touched."""

import errno
import gzip
import os
import threading
import time
from pathlib import Path

import pytest
from made_tables import IMAGE, OUTPUTS, TEXT, opened, outputs, readers_cells, values

from jumok import files
from jumok.errors import DataError, RunError
from jumok.experiment.sources import SourceOptions
from jumok.experiment.table_sources import table_source
from jumok.kinds.label.options import LabelOutput
from jumok.kinds.series.options import SeriesInput
from jumok.kinds.values.options import ValuesOutput
from jumok.labelling.contract import LabelConflict
from jumok.labelling.recordings.row_sources import open_rows

TABLE = 'text,label,note\r\none,cat,"x"\r\ntwo,,y\r\n"three, 3",dog,\r\nfour,,z'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(TABLE.encode())
    return path


def test_rows_are_called_by_their_lines_and_say_what_they_hold(path: Path):
    store = opened(path)
    assert [(one.key, one.name, one.state, one.classes) for one in store.items()] == [
        ("row 2", "one", "labelled", ("cat",)),
        ("row 3", "two", "unlabelled", ()),
        ("row 4", "three, 3", "labelled", ("dog",)),
        ("row 5", "four", "unlabelled", ()),
    ]
    assert store.classes() == ("cat", "dog")
    assert store.inputs("row 4") == {"text": "three, 3"}
    assert store.columns[0].classes == ("cat", "dog")


def test_only_the_cell_gets_other_bytes(path: Path):
    store = opened(path)
    store.write("row 3", store.read("row 3").version, values(label="cat"))
    store.write("row 5", store.read("row 5").version, values(label='a "b", c'))
    expected = TABLE.replace("two,,", "two,cat,").replace("four,,z", 'four,"a ""b"", c",z')
    assert path.read_bytes() == expected.encode()
    store.write("row 3", store.read("row 3").version, values(label=None))
    assert path.read_bytes() == expected.replace("two,cat,", "two,,").encode()


def test_an_added_class_stays_without_an_example_and_new_ones_come_last(path: Path):
    store = opened(path)
    assert store.add_class(" bird ") == ("cat", "dog", "bird")
    store.write("row 3", store.read("row 3").version, values(label="ant"))
    assert store.classes() == ("cat", "dog", "bird", "ant")


def test_a_row_that_was_changed_meanwhile_is_not_overwritten(path: Path):
    store, other = opened(path), opened(path)
    old = store.read("row 3").version
    other.write("row 3", other.read("row 3").version, values(label="dog"))
    with pytest.raises(LabelConflict) as raised:
        store.write("row 3", old, values(label="cat"))
    assert raised.value.current.marks == values(label="dog")
    assert "two,dog,y" in path.read_text()
    assert store.changed() == {"row 3"} and store.changed() == frozenset()
    assert store.write("row 3", raised.value.current.version, values(label="cat")).state == "labelled"
    assert other.changed() == {"row 3"} and store.changed() == frozenset()


@pytest.mark.parametrize(
    "order", [[3, 2, 1, 0], [1, 3], ["new", 0, 1, 2, 3], [0, "new", 2, 1, 3], [2, "new", "new two", 3]]
)
def test_rows_are_found_again_where_another_program_has_moved_them(path: Path, order: list[int | str]):
    store = opened(path)
    versions = {item.key: store.read(item.key).version for item in store.items()}
    lines = path.read_text().splitlines()
    rows = [lines[1 + one] if isinstance(one, int) else f"{one},," for one in order]
    path.write_text("\n".join([lines[0], *rows]) + "\n")
    for number, key in enumerate(versions):
        if number in order:
            store.write(key, versions[key], values(label=f"mine {number}"))
        else:
            with pytest.raises(LabelConflict, match="no longer there"):
                store.write(key, versions[key], values(label="lost"))
    assert "lost" not in path.read_text()
    for one, line in zip(order, path.read_text().splitlines()[1:], strict=True):
        assert (f"mine {one}" in line) == isinstance(one, int)
    added = [item for item in store.items() if item.name.startswith("new")]
    assert {item.key for item in added} <= store.changed()
    assert len({item.key for item in store.items()}) == len(order)


def test_of_rows_that_cannot_be_told_apart_none_is_written_wrongly(tmp_path: Path):
    path = tmp_path / "twins.csv"
    path.write_text("text,label\na,\nsame,\nb,\nsame,cat\nc,\n")
    store = opened(path)
    twin, other = store.read("row 3").version, store.read("row 5").version
    path.write_text("text,label\nc,\nsame,cat\nb,\nsame,\na,\nnew,\n")
    for key, version in (("row 3", twin), ("row 5", other)):
        with pytest.raises(LabelConflict):
            store.write(key, version, values(label="wrong"))
    store.write("row 2", store.read("row 2").version, values(label="right"))
    assert path.read_text() == "text,label\nc,\nsame,cat\nb,\nsame,\na,right\nnew,\n"


def test_a_row_that_was_gone_for_a_moment_is_found_again(path: Path):
    store = opened(path)
    version, whole = store.read("row 5").version, path.read_bytes()
    path.write_bytes(whole[: whole.index(b'"three')])  # as another program writes it piece by piece
    assert len(store.items()) == 2
    path.write_bytes(b"")
    with pytest.raises(DataError, match="gone or empty"):
        store.write("row 5", version, values(label="cat"))
    path.write_bytes(whole)
    assert store.write("row 5", version, values(label="cat")).state == "labelled"
    assert path.read_bytes() == whole.replace(b"four,,z", b"four,cat,z")


def test_line_ends_that_another_program_changes_are_no_conflict(path: Path):
    store = opened(path)
    version = store.read("row 3").version
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
    store.write("row 3", version, values(label="cat"))
    assert path.read_bytes() == TABLE.replace("\r\n", "\n").replace("two,,", "two,cat,").encode()


def test_a_faulty_row_is_shown_and_left_alone(tmp_path: Path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"text,label\none,\ntwo,a,b\nthr\xffee,\nfour,\n,dog\n")
    store = opened(path)
    assert "has 3 columns, expected 2" in store.read("row 3").problems[0]
    assert ":4: is not valid UTF-8" in store.read("row 4").problems[0]
    assert "'text' is empty" in store.read("row 6").problems[0]
    with pytest.raises(DataError, match="3 columns"):
        store.write("row 3", store.read("row 3").version, values(label="cat"))
    store.write("row 5", store.read("row 5").version, values(label="cat"))
    assert path.read_bytes() == b"text,label\none,\ntwo,a,b\nthr\xffee,\nfour,cat\n,dog\n"


def test_lines_of_later_rows_are_right_after_a_text_of_several_lines(tmp_path: Path):
    path = tmp_path / "table.csv"
    path.write_text("text,caption\none,\ntwo,,\n")
    store = opened(path, "caption")
    store.write("row 2", store.read("row 2").version, values(caption="a\r\nb\n\n c"))
    assert path.read_text() == 'text,caption\none,"a\nb\n\n c"\ntwo,,\n'
    assert ":6: has 3 columns" in store.read("row 3").problems[0]


def test_a_text_that_readers_would_not_give_back_is_refused(tmp_path: Path):
    tabs, commas = tmp_path / "table.tsv", tmp_path / "table.csv"
    tabs.write_text("text\tcaption\none\t\n")
    commas.write_text("text,caption\none,\n")
    for path, text, why in (
        (tabs, "a\tb", "no quotes"),
        (tabs, "a\nb", "no quotes"),
        (commas, "a\0", "NUL"),
        (commas, "\u200b", "invisible"),
        (commas, "1\n" + "1,1\n" * 3 + "2,2", "several rows"),
    ):
        store, before = opened(path, "caption"), path.read_bytes()
        with pytest.raises(DataError, match=why):
            store.write("row 2", store.read("row 2").version, values(caption=text))
        assert path.read_bytes() == before


def test_objects_keep_their_order_blanks_and_numbers(tmp_path: Path):
    path = tmp_path / "table.jsonl"
    lines = [
        '{"label": null, "text":"a", "age": 3.50,"more": [1, 2.0]}',
        '{ "text" : "b" , "age":null}',
        '{"text":"c"}',
    ]
    path.write_text("\n".join(lines))
    store = opened(path, "label", "age")
    store.write("row 1", store.read("row 1").version, values(label="고양이", age="4"))
    store.write("row 2", store.read("row 2").version, values(label="dog", age="1e-2"))
    store.write("row 3", store.read("row 3").version, values(label="7", age=None))
    assert path.read_text().splitlines() == [
        '{"label": "고양이", "text":"a", "age": 4,"more": [1, 2.0]}',
        '{ "text" : "b" , "age":1e-2, "label": "dog"}',
        '{"text":"c", "label":"7"}',
    ]
    store.write("row 1", store.read("row 1").version, values(label=None))
    assert path.read_text().startswith('{"label": null, "text":"a"')


def test_keys_within_objects_and_lists_are_labelled(tmp_path: Path):
    path = tmp_path / "table.jsonl"
    path.write_text('{"text": "a", "answer": {"label": ["x"], "sizes": {"w": 1, "h": 2}}}\n')
    both = {
        "label": LabelOutput(kind="label", several=True),
        "sizes": ValuesOutput(kind="values", names=("w", "h")),
    }
    source = SourceOptions(table=path, columns={"label": "answer.label", "sizes": "answer.sizes"})
    store = open_rows(source, TEXT, both)
    assert store.read("row 1").marks == values(label='["x"]', sizes='{"w": 1, "h": 2}')
    store.write("row 1", store.read("row 1").version, values(label='["x","y"]', sizes="[3, 4]"))
    assert path.read_text() == '{"text": "a", "answer": {"label": ["x","y"], "sizes": [3, 4]}}\n'
    assert store.classes() == ("x", "y")
    assert [(one.name, one.classes, one.several) for one in store.columns] == [
        ("label", ("x", "y"), True),
        ("sizes", (), False),
    ]
    with pytest.raises(DataError, match="not 2 numbers"):
        store.write("row 1", store.read("row 1").version, values(sizes="[3]"))
    rows = list(table_source(path, source.columns or {}, TEXT, both).rows())
    assert [row.values for row in rows] == [("a", '["x","y"]', "[3,4]")]


def test_what_is_no_answer_of_its_kind_is_refused(tmp_path: Path):
    path = tmp_path / "table.csv"
    path.write_text("text,label,age\na,,\nb,,three\n")
    named = {"label": LabelOutput(kind="label", classes=("cat", "dog")), "age": OUTPUTS["age"]}
    store = open_rows(SourceOptions(table=path), TEXT, named)
    assert store.classes() == ("cat", "dog")
    version = store.read("row 2").version
    for wrong, why in (
        (values(label="bird"), "no class"),
        (values(age="3,5"), "comma"),
        (values(size="1"), "size"),
    ):
        with pytest.raises(DataError, match=why):
            store.write("row 2", version, wrong)
    with pytest.raises(DataError, match="no class"):
        store.add_class("bird")
    with pytest.raises(DataError, match="no row 9"):
        store.read("row 9")
    # what stands there already is not judged
    assert (
        store.write("row 3", store.read("row 3").version, values(label="dog", age="three")).state
        == "labelled"
    )


def test_a_table_without_names_is_labelled_by_numbers(tmp_path: Path):
    path = tmp_path / "table.tsv"
    path.write_bytes(b"\xef\xbb\xbfone\tcat\r\ntwo\t\r\n")
    store = opened(path, columns={"text": 1, "label": 2})
    store.write("row 2", store.read("row 2").version, values(label="dog"))
    assert path.read_bytes() == b"\xef\xbb\xbfone\tcat\r\ntwo\tdog\r\n"


def test_tables_that_cannot_be_changed_by_cells_are_refused_in_a_sentence(tmp_path: Path, path: Path):
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(TABLE.encode()))
    array = tmp_path / "array.json"
    array.write_text('[{"text": "a", "label": "b"}]')
    parquet = tmp_path / "table.parquet"
    parquet.write_bytes(b"PAR1")
    semicolons = tmp_path / "semicolons.csv"
    semicolons.write_text("text;label\na;b\n")
    for file, why in (
        (packed, "gunzip"),
        (array, "jsonl"),
        (parquet, "to_csv"),
        (semicolons, "separator"),
        (tmp_path / "none.csv", "does not exist"),
    ):
        with pytest.raises(DataError, match=why):
            opened(file)
    with pytest.raises(DataError, match="no column 'age'"):
        opened(path, "age")
    with pytest.raises(DataError, match="labels.csv"):
        open_rows(SourceOptions(files=tmp_path), IMAGE, outputs("label"))
    with pytest.raises(DataError, match="paste"):
        open_rows(SourceOptions(lines={"text": path, "caption": path}), TEXT, outputs("caption"))
    with pytest.raises(DataError, match="several columns"):
        opened(path, "label", columns={"label": ("label", "note")})


def test_threads_that_label_at_once_lose_nothing(tmp_path: Path):
    path = tmp_path / "table.csv"
    path.write_text("text,label\n" + "".join(f"{n},\n" for n in range(60)))
    stores = [opened(path), opened(path)]  # of two servers

    def label(first: int) -> None:
        for number in range(first, 60, 4):
            store, key = stores[first % 2], f"row {number + 2}"
            store.write(key, store.read(key).version, values(label=f"label {number}"))

    threads = [threading.Thread(target=label, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() == "text,label\n" + "".join(f"{n},label {n}\n" for n in range(60))
    assert stores[0].changed() == {f"row {n + 2}" for n in range(1, 60, 2)}


def test_a_full_disk_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch):
    store = opened(path)
    version = store.read("row 3").version

    def full(path: Path, data: bytes) -> None:
        path.write_bytes(data[:5])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(RunError, match="No space left") as raised:
        patch.setattr(files, "write_synced", full)
        store.write("row 3", version, values(label="cat"))
    assert isinstance(raised.value.__cause__, OSError)
    assert path.read_bytes() == TABLE.encode() and os.listdir(path.parent) == [path.name]
    assert store.read("row 3").version == version
    assert store.write("row 3", version, values(label="cat")).state == "labelled"


def test_a_snapshot_has_the_labelled_rows_as_training_reads_them(tmp_path: Path):
    path = tmp_path / "table.csv"
    path.write_text('image,signal,label\na.jpg,s.csv,cat\nb.jpg,s.csv,\nc.jpg,"[1, 2]",dog')
    both = {**IMAGE, "signal": SeriesInput(kind="series")}
    store = opened(path, inputs=both)
    assert store.inputs("row 2") == {"image": tmp_path / "a.jpg", "signal": tmp_path / "s.csv"}
    source = store.snapshot(tmp_path / "shot")
    rows = readers_cells(source.pop("table"), inputs=both, **source)
    a, c = str(tmp_path / "a.jpg"), str(tmp_path / "c.jpg")
    assert [row.values for row in rows] == [(a, str(tmp_path / "s.csv"), "cat"), (c, "[1, 2]", "dog")]


def test_ten_thousand_rows_open_and_are_written_in_little_time(tmp_path: Path):
    for suffix in ("csv", "jsonl"):
        path = tmp_path / f"table.{suffix}"
        if suffix == "csv":
            path.write_text(
                "text,label,note\n" + "".join(f'"row {n}",c{n % 9},"{n}"\n' for n in range(10_000))
            )
        else:
            path.write_text("".join(f'{{"text": "row {n}", "label": "c{n % 9}"}}\n' for n in range(10_000)))
        began = time.process_time()
        store = opened(path)
        key = store.items()[5_000].key
        version, opening = store.read(key).version, time.process_time() - began
        store.write(key, version, values(label="other"))
        written = time.process_time() - began - opening
        assert opening < 3 and written < 0.5
