"""`jumok new --data` with series: what they are is recognized, and the file passes `jumok check`."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from jumok.experiment import Experiment, read_experiment

N, T, C = 60, 24, 3
DRAW = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def made(jumok, data: Path | str, *words: object) -> Experiment:
    """The experiment that is written for these data, which passes the check."""
    ended = jumok("new", "x.yaml", "--data", data, *words)
    assert ended.status == 0, ended.talk
    text = Path("x.yaml").read_text()
    assert "# " in text.partition("data:")[2]
    checked = jumok("check", "x.yaml")
    assert checked.status == 0 and "no faults" in checked.talk, checked.talk + text
    return read_experiment(Path("x.yaml"))


def motion(count: int = N) -> np.ndarray:
    return DRAW.normal(size=(count, T, C)).astype(np.float32)


def test_arrays_with_splits_classes_and_channels(jumok):
    np.savez(
        "har.npz",
        X_train=motion(),
        y_train=np.arange(N) % 3,
        X_test=motion(30),
        y_test=np.arange(30) % 3,
        classes=np.array(["sit", "walk", "run"]),
        channels=np.array(["ax", "ay", "az"]),
    )
    experiment = made(jumok, "har.npz")
    (name, signal), (answer, output) = *experiment.inputs.items(), *experiment.outputs.items()
    assert signal.channel_names == ("ax", "ay", "az") and output.kind == "label"
    assert experiment.data.splits() == ["train", "valid", "test"]
    assert experiment.data.train.columns == {name: "X_train", answer: "classes[y_train]"}


@pytest.mark.parametrize(
    ("answers", "kind", "settings"),
    [
        (np.arange(N) % 2, "label", {}),
        (np.linspace(0, 1, N), "values", {"names": None}),
        (np.arange(2 * N).reshape(N, 2) / 7, "values", {"names": ("value1", "value2")}),
        (np.eye(4, dtype=int)[np.arange(N) % 4], "label", {"several": False}),
        (DRAW.integers(0, 2, (N, 4)), "label", {"several": True}),
    ],
    ids=["classes", "numbers", "several numbers", "one-hot", "multi-hot"],
)
def test_answers_of_arrays_are_told_by_their_form(jumok, answers, kind, settings):
    np.savez("all.npz", motion=motion(), y=answers)
    (output,) = made(jumok, "all.npz", "--output", "y").outputs.values()
    assert output.kind == kind
    for name, expected in settings.items():
        assert getattr(output, name) == expected


def test_a_folder_of_arrays(jumok):
    Path("set").mkdir()
    np.save("set/X.npy", motion())
    np.save("set/labels.npy", np.array(["a", "b"] * (N // 2)))
    experiment = made(jumok, "set")
    assert experiment.data.train.columns == {"signal": "X.npy", "labels": "labels.npy"}


def long_rows(steps: int = 12) -> list[dict[str, Any]]:
    return [
        {
            "trial": n,
            "person": n % 5,
            "t": s,
            "activity": "walk" if n % 2 else "sit",
            "ax": DRAW.random(),
            "ay": n * s,
        }
        for n in range(30)
        for s in range(steps)
    ]


def write_long(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        path.write_text(
            "\n".join([",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows), ""])
        )
    return path


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_long_table_of_recordings(jumok, form):
    experiment = made(jumok, write_long(Path(f"all.{form}"), long_rows()))
    (signal,) = experiment.inputs.values()
    assert signal.channel_names == ("ax", "ay") and list(experiment.outputs) == ["activity"]
    assert experiment.data.train.columns == {"id": "trial", "time": "t", "group": "person"}
    assert experiment.data.train.window is None


def test_long_recordings_are_cut_and_fields_may_have_other_names(jumok):
    path = write_long(Path("all.csv"), long_rows(600))
    experiment = made(jumok, path, "--input", "motion", "--output", "what")
    assert (experiment.data.train.window, experiment.data.train.stride) == (128, 64)
    assert list(experiment.inputs) == ["motion"] and experiment.data.train.columns["what"] == "activity"


def test_values_of_recordings(jumok):
    rows = [{**row, "activity": row["trial"] / 4} for row in long_rows()]
    (output,) = made(jumok, write_long(Path("all.csv"), rows)).outputs.values()
    assert output.kind == "values"


def recordings_folder(folder: Path, parts: tuple[str, ...]) -> Path:
    (folder / "recordings").mkdir(parents=True)
    for part in parts:
        rows = []
        for n in range(40):
            table = "ax,ay\n" + "".join(f"{DRAW.random()},{DRAW.random()}\n" for _ in range(20))
            (folder / "recordings" / f"{part}{n}.csv").write_text(table)
            rows.append(f"recordings/{part}{n}.csv,{'walk' if n % 2 else 'sit'}\n")
        (folder / f"{part}.csv").write_text("file,activity\n" + "".join(rows))
    return folder


@pytest.mark.parametrize(
    ("parts", "data"),
    [(("all",), "set/all.csv"), (("all",), "set"), (("train", "valid", "test"), "set")],
    ids=["a table", "a folder", "splits"],
)
def test_a_folder_of_recordings_named_in_a_table(jumok, parts, data):
    recordings_folder(Path("set"), parts)
    experiment = made(jumok, data)
    assert {one.kind for one in experiment.inputs.values()} == {"series"}
    assert list(experiment.outputs) == ["activity"]
    tables = [source.table.name for _, source in experiment.data.sources()]
    assert tables == [f"{part}.csv" for part in parts]


def hourly(path: Path, clock: str, time: Callable[[int], object]) -> Path:
    rows = [{clock: time(n), "load": 30 + n % 24, "heat": DRAW.random()} for n in range(400)]
    return write_long(path, rows)


@pytest.mark.parametrize(
    ("clock", "time"),
    [
        ("date", lambda n: datetime(2026, 5, 1) + timedelta(hours=n)),
        ("when", lambda n: datetime(2026, 5, 1) + timedelta(hours=n)),
        ("t", lambda n: n),
    ],
)
def test_a_long_series_is_forecast(jumok, clock, time):
    experiment = made(jumok, hourly(Path("load.csv"), clock, time))
    (output,) = experiment.outputs.values()
    assert output.kind == "forecast" and output.channels == ("load", "heat")
    assert output.season == (1 if clock == "t" else 24)
    assert experiment.data.train.past == 80 and experiment.data.splits() == ["train", "valid", "test"]


def test_texts_stay_texts(jumok):
    Path("pairs.csv").write_text("german,english\n" + "".join(f"ja{n},yes{n}\n" for n in range(60)))
    ended = jumok("new", "x.yaml", "--data", "pairs.csv")
    assert ended.status == 0
    assert {one.kind for one in read_experiment(Path("x.yaml")).inputs.values()} == {"text"}


def test_what_has_no_answer_is_refused(refused):
    np.save("alone.npy", motion())
    assert "alone.npy: is one array, which says no answers; put it" in refused(
        "new", "x.yaml", "--data", "alone.npy"
    )
    np.savez("alone.npz", X=motion())
    said = refused("new", "x.yaml", "--data", "alone.npz")
    assert "alone.npz: holds no answers beside its series (X (60, 24, 3)); save an array (N,)" in said
    np.savez("flat.npz", y=np.arange(4))
    assert "flat.npz: holds no array of series (N, T, C)" in refused("new", "x.yaml", "--data", "flat.npz")
    recordings_folder(Path("set"), ("all",))
    said = refused("new", "x.yaml", "--data", "set/recordings")
    assert (
        "set/recordings: holds 40 recordings, but no table of what to answer to each; write one beside"
        in said
    )
    assert not Path("x.yaml").exists()
    np.savez("ok.npz", X=motion(), y=np.arange(N) % 2)
    said = refused("new", "x.yaml", "--data", "ok.npz", "--kind", "boxes")
    assert "--data holds label, which is label and no boxes; leave out the kind" in said
    said = refused("new", "x.yaml", "--data", "ok.npz", "--input", "a", "--input", "b")
    assert "--data holds 1 input (signal); name as many, or none" in said
