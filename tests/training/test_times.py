"""When a training began and ended, over all its sessions."""

import json

from jumok.training import environment
from jumok.training.environment import begin_environment, end_environment
from jumok.training.reporter import RunInfo

FIRST = RunInfo("runs/x", 1234, {"train": 300}, {"source": "10 tokens"}, "fp32", "cpu", 40, 0)


def test_a_training_that_goes_on_began_with_its_first_session(tmp_path, monkeypatch):
    moments = iter(["2026-01-01T10:00:00+00:00", "2026-01-02T10:00:00+00:00", "2026-01-02T11:00:00+00:00"])
    monkeypatch.setattr(environment, "time_now", lambda: next(moments))
    file = tmp_path / "environment.json"
    begin_environment(file, FIRST)
    assert json.loads(file.read_text())["sessions"] == 1
    begin_environment(file, FIRST._replace(start=20))
    noted = json.loads(file.read_text())
    assert (noted["began"], noted["sessions"], "ended" in noted) == ("2026-01-01T10:00:00+00:00", 2, False)
    end_environment(file, "at step 30 of 40: no better")
    noted = json.loads(file.read_text())
    assert noted["ended"] > noted["began"] and noted["stopped"] == "at step 30 of 40: no better"


def test_a_training_that_begins_anew_has_one_session(tmp_path):
    file = tmp_path / "environment.json"
    file.write_text('{"began": "2020-01-01T10:00:00+00:00", "sessions": 7}')
    begin_environment(file, FIRST)
    noted = json.loads(file.read_text())
    assert noted["sessions"] == 1 and not noted["began"].startswith("2020")
