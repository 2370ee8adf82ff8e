"""Several servers of one folder, and what killed ones have left; trainings are processes that only wait."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jumok.errors import DataError
from jumok.files import write_json
from jumok.labelling.opening import OpenedLabels
from jumok.labelling.trainings import label_trainings
from jumok.labelling.trainings.files import TrainingFiles
from jumok.labelling.trainings.label_trainings import LabelTrainings
from jumok.runs.layout import LOCK, RunLayout
from jumok.runs.ownership import owned
from label_stores import MemoryStore

WAITS = "import sys; sys.stdin.read()"  # until its server has gone


@pytest.fixture(autouse=True)
def waiting_processes(monkeypatch) -> None:
    monkeypatch.setattr(label_trainings, "TRAINING_PROGRAM", ("-I", "-S", "-c", WAITS))


def trainings_of(folder: Path, on_model: Callable[[Path], None] = print) -> LabelTrainings:
    return LabelTrainings(OpenedLabels("photos", MemoryStore({}, [])), folder / "label", on_model)


def at_rest(trainings: LabelTrainings) -> dict:
    end = time.monotonic() + 300
    while trainings.state()["state"] == "running":
        assert time.monotonic() < end
        time.sleep(0.02)
    return trainings.state()


def begun(folder: Path) -> Path:
    """A run that a server has begun, as it lies there."""
    run = folder / "label" / "0001"
    run.mkdir(parents=True)
    RunLayout(run).experiment.write_text("")
    return run


def test_a_model_that_another_server_has_trained_proposes_here_too(tmp_path):
    run, models = begun(tmp_path), []
    trainings = trainings_of(tmp_path, models.append)
    with owned(tmp_path / "label" / LOCK, DataError):
        assert trainings.state()["elsewhere"] and models == []
        write_json(TrainingFiles(run).result, {"state": "done", "labelled": 12, "metric": "AP", "score": 0.5})
    assert at_rest(trainings)["state"] == "done" and models == [run]
    assert trainings.state()["history"] == [{"labelled": 12, "score": 0.5, "metric": "AP"}]
    assert models == [run]


def test_a_training_that_had_not_begun_when_its_server_was_killed_leaves_nothing(tmp_path):
    run = begun(tmp_path)
    RunLayout(run).experiment.unlink()
    TrainingFiles(run).progress.write_text("{}")
    trainings = trainings_of(tmp_path)
    assert not trainings.resume() and trainings.state()["state"] == "idle"
    assert not list((tmp_path / "label").glob("0*"))


def test_what_a_killed_server_was_training_is_taken_over_by_one_of_the_others(tmp_path):
    begun(tmp_path)
    one, other = trainings_of(tmp_path), trainings_of(tmp_path)
    with owned(tmp_path / "label" / LOCK, DataError):  # the server that is about to be killed
        assert one.state()["elsewhere"] and not one.resume()
        with pytest.raises(DataError, match="another jumok label trains"):
            one.start()
    state = one.state()
    assert state["state"] == "running" and not state["elsewhere"]
    assert other.state()["elsewhere"] and not other.resume()
    assert one.close()  # as Ctrl-C does: it is left for the next one
    assert not one.resume() and other.state()["state"] == "running" and not other.state()["elsewhere"]
    other.stop()
    assert at_rest(other)["sentence"]["en"] == "stopped at step 0"
    assert not trainings_of(tmp_path).resume()
