"""Recordings that are labelled: stretches are cells of a column, and no other cell gets other bytes."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from jumok.data.row import Row
from jumok.data.series.cells import read_series
from jumok.errors import DataError
from jumok.experiment.sources import SourceOptions
from jumok.kinds.label.options import LabelOutput
from jumok.kinds.series.options import SeriesInput
from jumok.kinds.text.options import TextOutput
from jumok.labelling.contract import LabelConflict
from jumok.labelling.recordings.signal_overview import signal_overview
from jumok.labelling.recordings.store import RecordingStore, open_recordings
from jumok.labelling.recordings.stretches import row_labels, stretches_of

MOTION = {"motion": SeriesInput(kind="series", channels=("x", "y"))}
ACTIVITY = {"activity": LabelOutput(kind="label")}
TABLE = """subject;time;x;y;activity;note
a;0.00;1;;;"x; 1"
a;0.02;2;5;walk;
a;0.04;3;5;walk;
a;0.06;4;5;;
b;0.00;5;5;;
b;0.02;6;NaN;;""".replace("\n", "\r\n")


def source_of(path: Path, **settings: object) -> SourceOptions:
    return SourceOptions(recordings=path, columns={"id": "subject", "time": "time"}, **settings)


def opened(path: Path, **settings: object) -> RecordingStore:
    return open_recordings(source_of(path, **settings), MOTION, ACTIVITY)


def stretches(*given: tuple[int, int, str]) -> dict[str, object]:
    return {"stretches": [{"start": start, "end": end, "class": name} for start, end, name in given]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "motion.csv"
    path.write_bytes(TABLE.encode())
    return path


def test_stretches_are_rows_with_one_label(path: Path):
    store = opened(path)
    assert [(item.key, item.state, item.classes) for item in store.items()] == [
        ("a", "labelled", ("walk",)),
        ("b", "unlabelled", ()),
    ]
    marks = store.read("a")
    assert marks.marks == stretches((1, 3, "walk")) and store.classes() == ("walk",)
    assert store.write("a", marks.version, marks.marks) == marks and path.read_bytes() == TABLE.encode()
    after = store.write("a", marks.version, stretches((0, 1, "sit"), (2, 4, "walk")))
    assert after.marks == stretches((0, 1, "sit"), (2, 4, "walk"))
    store.write("b", store.read("b").version, stretches((1, 2, "stand")))
    expected = TABLE.replace('1;;;"x', '1;;sit;"x').replace("0.02;2;5;walk", "0.02;2;5;")
    expected = expected.replace("0.06;4;5;;", "0.06;4;5;walk;").replace(
        "b;0.02;6;NaN;;", "b;0.02;6;NaN;stand;"
    )
    assert path.read_bytes() == expected.encode()
    assert store.add_class("run") == ("walk", "sit", "stand", "run")


def test_training_reads_the_stretches(path: Path):
    store = opened(path)
    store.write("b", store.read("b").version, stretches((0, 1, "sit"), (1, 2, "stand")))
    for source in (source_of(path, stretches=True), SourceOptions(**store.snapshot(path.parent / "shot"))):
        rows = list(source.build(MOTION, ACTIVITY).rows())
        assert [row.values[1:] for row in rows if isinstance(row, Row)] == [
            ("walk", "a"),
            ("sit", "b"),
            ("stand", "b"),
        ]
        place = source.recordings
        assert place is not None
        assert read_series(rows[0].values[0], place.parent, ["x", "y"]).values.tolist() == [[2, 5], [3, 5]]
    rows = list(source_of(path, stretches=True, window=2).build(MOTION, ACTIVITY).rows())
    assert [row.values[0] for row in rows] == ["motion.csv#1:3"]
    faults = [str(row) for row in source_of(path).build(MOTION, ACTIVITY).rows()]
    assert any("stretches: true" in fault for fault in faults)
    path.write_text("subject,time,x,y,activity\na,0,1,2,\n")
    (fault,) = source_of(path, stretches=True).build(MOTION, ACTIVITY).rows()
    assert "has no row with a label in activity" in str(fault)


def test_signals_are_drawn_as_they_were_measured(path: Path):
    store = opened(path)
    channels, values, rate = store.signal("a")
    assert list(channels) == ["x", "y"] and rate == pytest.approx(50)
    assert np.array_equal(values, np.array([[1, np.nan], [2, 5], [3, 5], [4, 5]], np.float32), equal_nan=True)
    store.write("a", store.read("a").version, stretches())
    assert store.signal("a").values is values
    path.write_bytes(path.read_bytes().replace(b"0.06;4", b"0.06;9"))
    assert store.signal("a").values[3, 0] == 9 and store.changed() == {"a"}
    assert str(store.inputs("b")["motion"]) == f"{path}#4:6"
    path.write_bytes(path.read_bytes().replace(b"0.06;9", b"0.06;x"))
    with pytest.raises(DataError, match=r"motion.csv:5: column 'x' holds 'x'"):
        store.signal("a")


def test_others_changes_are_noticed_and_not_overwritten(path: Path):
    store, other = opened(path), opened(path)
    version = store.read("a").version
    other.write("a", other.read("a").version, stretches((0, 4, "run")))
    with pytest.raises(LabelConflict) as raised:
        store.write("a", version, stretches((0, 1, "sit")))
    assert raised.value.current.marks == stretches((0, 4, "run"))
    assert store.write("a", version, stretches((0, 4, "run"))).state == "labelled"  # sent twice
    assert store.changed() == {"a"} and other.changed() == frozenset()
    version_of_b, lines = other.read("b").version, path.read_bytes().split(b"\r\n")
    path.write_bytes(
        b"\r\n".join([lines[0], *lines[5:], *lines[2:5], b""])
    )  # b first, and a without its first row
    other.write("b", version_of_b, stretches((0, 2, "sit")))
    assert store.read("b").marks == stretches((0, 2, "sit"))
    with pytest.raises(LabelConflict):
        store.write("a", raised.value.current.version, stretches((0, 1, "sit")))
    path.write_bytes(b"")
    with pytest.raises(DataError, match="gone or empty"):
        store.read("a")


def test_what_does_not_fit_is_refused_in_a_sentence(path: Path):
    store = opened(path)
    version = store.read("a").version
    for marks, why in (
        (stretches((0, 5, "walk")), "has 4 rows"),
        (stretches((0, 2, "walk"), (1, 3, "sit")), "overlap"),
        (stretches((0, 2, " ")), "start, end and class"),
        ({"stretches": None}, "marks of a recording"),
        ({"stretches": [{"start": 0.5, "end": 2, "class": "a"}]}, "start, end and class"),
    ):
        with pytest.raises(DataError, match=why):
            store.write("a", version, marks)
    with pytest.raises(DataError, match="no recording 'c'"):
        store.read("c")
    with pytest.raises(DataError, match="one label"):
        open_recordings(source_of(path), MOTION, {"told": TextOutput(kind="text")})
    with pytest.raises(DataError, match="no column 'activity'"):
        path.write_text("subject,time,x,y\na,0,1,2\n")
        opened(path)
    assert path.read_text() == "subject,time,x,y\na,0,1,2\n"


def test_objects_with_a_line_each_are_labelled(tmp_path: Path):
    path = tmp_path / "motion.jsonl"
    lines = [{"subject": 7, "time": n, "x": n, "y": None, "activity": None} for n in range(3)]
    path.write_text("\n".join(map(json.dumps, lines)))
    store = opened(path)
    store.write("7", store.read("7").version, stretches((1, 3, "걷기")))
    told = [None, "걷기", "걷기"]
    assert path.read_text() == "\n".join(
        json.dumps({**line, "activity": one}, ensure_ascii=False)
        for line, one in zip(lines, told, strict=True)
    )
    assert store.signal("7").values[:, 0].tolist() == [0, 1, 2]


@given(labels=st.lists(st.sampled_from(["", "a", "b"]), max_size=20))
def test_stretches_and_labels_of_rows_say_the_same(labels: list[str]):
    assert row_labels({"stretches": stretches_of(labels)}, len(labels), "", lambda _: None) == labels


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(
    values=arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 30), st.integers(1, 3)),
        elements=st.floats(-9, 9, width=16) | st.just(np.nan),
    ),
    start=st.integers(-3, 20),
    length=st.integers(0, 40),
    points=st.integers(0, 12),
)
def test_an_overview_holds_every_value_and_only_gaps_are_gaps(
    values: np.ndarray, start: int, length: int, points: int
):
    least, greatest = signal_overview(values, start, start + length, points)
    part = values[max(0, start) : max(0, start + length)]
    assert least.shape == greatest.shape == (values.shape[1], min(points, len(part)))
    for channel in range(values.shape[1]) if least.shape[1] else ():
        known = part[:, channel][~np.isnan(part[:, channel])]
        if len(known):
            assert np.nanmin(least[channel]) == known.min() and np.nanmax(greatest[channel]) == known.max()
        gaps = np.isnan(least[channel])
        assert (gaps == np.isnan(greatest[channel])).all() and (least[channel] <= greatest[channel])[
            ~gaps
        ].all()
        if least.shape[1] == len(part):
            assert np.array_equal(least[channel], part[:, channel], equal_nan=True)


def test_ten_thousand_rows_open_and_are_written_in_little_time(tmp_path: Path):
    path = tmp_path / "motion.csv"
    rows = (f"s{n // 5_000},{n % 5_000 / 50},{n / 7:.4f},{n % 11},\n" for n in range(10_000))
    path.write_text("subject,time,x,y,activity\n" + "".join(rows))
    began = time.process_time()
    store = opened(path)
    assert len(store.items()) == 2
    version, opening = store.read("s1").version, time.process_time() - began
    store.write("s1", version, stretches((100, 4_000, "walk")))
    written = time.process_time() - began - opening
    assert opening < 3 and written < 0.5


def test_windows_of_har_become_recordings_that_are_labelled(tmp_path: Path):
    file = Path(__file__).parents[2] / "data" / "har" / "har.npz"
    if not file.exists():
        pytest.skip("the data set is not here")
    with np.load(file) as har:
        signal, labels, names = har["X_train"][:12, :, :2], har["y_train"][:12], har["classes"]
    path = tmp_path / "har.csv"
    lines = ["subject,time,x,y,activity"]
    for number, window in enumerate(signal.reshape(3, -1, 2)):
        lines += [f"{number},{step / 50:.2f},{x},{y}," for step, (x, y) in enumerate(window)]
    path.write_text("\n".join(lines) + "\n")
    store = opened(path)
    for number in range(3):
        own = [(128 * n, 128 * (n + 1), str(names[labels[4 * number + n]])) for n in range(4)]
        store.write(str(number), store.read(str(number)).version, stretches(*own))
    assert store.signal("1").rate == pytest.approx(50)
    assert np.array_equal(store.signal("1").values, signal.reshape(3, -1, 2)[1])
    rows = list(source_of(path, stretches=True, window=128).build(MOTION, ACTIVITY).rows())
    assert [row.values[1] for row in rows] == [str(names[label]) for label in labels]
    again = [line.rpartition(",")[0] for line in path.read_text().splitlines()]
    assert again == [line.rpartition(",")[0] for line in lines]
