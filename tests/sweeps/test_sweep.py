"""A whole sweep: trials that are runs, the test of what is noise, and a sweep that was killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import preloaded
from jumok.errors import Interrupted, JumokError
from jumok.experiment import read_experiment
from jumok.sweeps.jobs import Event, LocalJobs
from jumok.sweeps.plan import Goal, read_plan
from jumok.sweeps.repeats import AS_WRITTEN, Repeats, duels, noise_verdicts
from jumok.sweeps.sweep import SweepOptions, sweep
from jumok.training import NullReporter, train
from small_experiments import write_experiment, write_words

TESTS = Path(__file__).parents[1]


class Display:
    """Keeps what is shown."""

    def __init__(self):
        self.messages, self.seen = [], []

    def message(self, message):
        self.messages.append(message)

    def show(self, trials, working, goal):
        pass

    def ended(self, trial, goal):
        self.seen.append(trial)

    def on_end(self):
        pass


class Here:
    """Trains in this process, one after the other."""

    begun: list[str] = []

    def __init__(self, most, logs):
        self.working, self.events, self.stopped = {}, [], set()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    @property
    def has_room(self):
        return not self.working

    def start(self, name, experiment, run):
        Here.begun.append(name)
        self.working[name] = run
        try:
            train(experiment, run, Telling(self, name))
            self.events.append(Event(name, "end", {}))
        except Interrupted:
            self.events.append(Event(name, "stopped", {}))
        except JumokError as error:
            self.events.append(Event(name, "failed", {"why": str(error)}))

    def stop(self, name):
        self.stopped.add(name)

    def wait(self, seconds):
        events, self.events = self.events, []
        for event in events:
            self.working.pop(event.job)
            yield event


class Telling(NullReporter):
    """Tells evaluations at once."""

    def __init__(self, jobs, name):
        self.jobs, self.name = jobs, name

    def on_evaluation(self, evaluation):
        Here.on_evaluation(self.name)
        if self.name in self.jobs.stopped:
            raise Interrupted


@pytest.fixture
def plan(tmp_path):
    write_words(tmp_path, train=60)
    file = write_experiment(tmp_path)
    return read_plan(file, ["training.learning_rate=[1e-3, 3e-2, log]", "model.heads=[1, 4, linear]"], [])


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.setattr(Here, "begun", [])
    monkeypatch.setattr(Here, "on_evaluation", lambda name: None, raising=False)


OPTIONS = SweepOptions(trials=5, seeds=2)


def test_a_sweep_from_end_to_end(plan, tmp_path, monkeypatch):
    folder, display = tmp_path / "sweep", Display()
    result = sweep(plan, folder, OPTIONS, display, Here)
    assert [trial.number for trial in result.trials] == [0, 1, 2, 3, 4]
    assert all(trial.values["model.heads"] != 3 for trial in result.trials)  # width is no multiple of it
    assert [said for said in display.messages if "width must be a multiple of heads" in said][1:] == []
    assert len(display.seen) == 5
    for trial in result.ranked:  # each is an ordinary run
        evaluation = json.loads((folder / "trials" / trial.name / "evaluation.json").read_text())
        assert "baselines" not in evaluation
        lines = (folder / "trials" / trial.name / "metrics.jsonl").read_text().splitlines()
        valid = [line["exact_match"] for line in map(json.loads, lines) if line["split"] == "valid"]
        assert trial.score == max(valid)
    names = {one.name: one for one in result.repeats}
    assert set(names) == {AS_WRITTEN, *(trial.name for trial in result.ranked[:3])}
    assert all(
        set(one.scores) == {2, 3} == set(one.test) for one in names.values()
    )  # seed 1 was searched with
    document = json.loads((folder / "sweep.json").read_text())
    assert document["verdicts"] == result.verdicts and len(document["trials"]) == 5
    page = (folder / "sweep.html").read_text()
    assert 'href="trials/' in page and "<svg" in page
    best = read_experiment(folder / "best.yaml")
    assert best.training.baselines and best.sweep is None
    assert train(best, tmp_path / "best", NullReporter()).evaluation["metrics"]

    Here.begun.clear()
    again = sweep(plan, folder, OPTIONS, Display(), Here)
    assert Here.begun == [] and again.trials == result.trials  # nothing is done twice
    more = sweep(plan, folder, SweepOptions(trials=6, seeds=0), Display(), Here)
    assert more.trials[:5] == result.trials and len(more.trials) == 6


def test_a_folder_of_another_sweep_or_of_other_things_is_left_alone(plan, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    with pytest.raises(JumokError, match=r"holds other things \(thesis.txt\)"):
        sweep(plan, tmp_path / "mine", OPTIONS, Display(), Here)
    options = SweepOptions(trials=1, seeds=0)
    sweep(plan, tmp_path / "sweep", options, Display(), Here)
    for other in (
        read_plan(plan.path, ["model.heads=[1, 2]"], []),
        read_plan(
            plan.path,
            ["training.learning_rate=[1e-3, 3e-2, log]", "model.heads=[1, 4, linear]"],
            ["model.width=8"],
        ),
    ):
        with pytest.raises(JumokError, match="holds a sweep of another"):
            sweep(other, tmp_path / "sweep", options, Display(), Here)


def test_where_every_trial_fails_the_reason_is_told(plan, tmp_path, monkeypatch):
    def fail(self, name, experiment, run):
        self.working[name] = run
        self.events.append(Event(name, "failed", {"why": "there is no such device"}))

    monkeypatch.setattr(Here, "start", fail)
    with pytest.raises(JumokError, match="no trial came to its end; there is no such device"):
        sweep(plan, tmp_path / "sweep", SweepOptions(trials=2), Display(), Here)


def test_a_failed_trial_is_shown_with_its_reason(plan, tmp_path, monkeypatch):
    start = Here.start

    def fail_at_first(self, name, experiment, run):
        if name != "0000":
            return start(self, name, experiment, run)
        self.working[name] = run
        self.events.append(Event(name, "failed", {"why": "it ran out of memory"}))

    monkeypatch.setattr(Here, "start", fail_at_first)
    result = sweep(plan, tmp_path / "sweep", SweepOptions(trials=2, seeds=0), Display(), Here)
    assert [trial.state for trial in result.trials] == ["failed", "finished"]
    assert "(1 finished, 1 failed) 0001 has the best" in result.verdicts[0]
    assert "failed: it ran out of memory" in (tmp_path / "sweep" / "sweep.html").read_text()


def test_a_hopeless_trial_is_ended_early_and_saved(plan, tmp_path, monkeypatch):
    monkeypatch.setattr("jumok.sweeps.study.Study.report", lambda self, number, percent, score: number == 1)
    monkeypatch.setattr(Here, "on_evaluation", lambda name: None)
    display = Display()
    result = sweep(plan, tmp_path / "sweep", SweepOptions(trials=2, seeds=0), display, EndsAtOnce)
    assert [trial.state for trial in result.trials] == ["finished", "pruned"]
    assert "worse than the median" in display.seen[1].why


class EndsAtOnce(Here):
    """Tells an evaluation before the end, at which a training can be stopped."""

    def start(self, name, experiment, run):
        super().start(name, experiment, run)
        self.ends = self.events.pop()
        self.events.append(Event(name, "evaluation", {"step": 10}))

    def wait(self, seconds):
        event = self.events.pop()
        if event.name != "evaluation":
            self.working.pop(event.job)
        yield event
        if event.name == "evaluation":
            self.events.append(Event(event.job, "stopped", {}) if event.job in self.stopped else self.ends)


def test_no_trial_begins_when_time_is_over(plan, tmp_path):
    with pytest.raises(JumokError, match="no trial came to its end; give more time"):
        sweep(plan, tmp_path / "sweep", SweepOptions(hours=1e-9), Display(), Here)
    assert Here.begun == []


# --- noise


GOAL = Goal("exact_match", True)


def repeated(name, *scores):
    return Repeats(name, {}, dict(enumerate(scores, 2)), {})


def test_a_winner_by_noise_is_called_noise():
    close = [
        repeated(AS_WRITTEN, 0.50, 0.52, 0.51),
        repeated("0003", 0.80, 0.84, 0.82),
        repeated("0001", 0.79, 0.85, 0.81),
    ]
    said = noise_verdicts(close, GOAL)
    assert (
        said[0] == "With 3 seeds that the search did not see, trial 0003 has the best mean: 82.00 ± 2.00 %."
    )
    assert "It is not told apart from 0001 (81.67 ± 3.06 %)" in said[1]
    assert said[2].startswith("It is better than the file as it is written (51.00 ± 1.00 %, p = ")


def test_a_search_that_found_nothing_says_so():
    said = noise_verdicts([repeated(AS_WRITTEN, 0.9, 0.91), repeated("0000", 0.5, 0.6)], GOAL)
    assert said[1] == "The search found nothing better than the file as it is written."
    said = noise_verdicts([repeated(AS_WRITTEN, 0.6, 0.8), repeated("0000", 0.7, 0.82)], GOAL)
    assert "not shown to be better than the file" in said[-1]


def test_the_test_over_seeds_is_that_of_scipy():
    from scipy import stats

    sides = [0.80, 0.84, 0.82], [0.79, 0.85, 0.81], [0.5, 0.6, 0.5]
    found = duels([repeated(str(i), *side) for i, side in enumerate(sides)], GOAL)
    ps = [float(stats.ttest_ind(sides[0], other, equal_var=False).pvalue) for other in sides[1:]]
    assert [duel.best.name for duel in found] == ["0", "0"]
    assert {duel.other.name: duel.p for duel in found} == pytest.approx({"1": ps[0], "2": 2 * ps[1]})
    assert duels([repeated("0", 1.0, 1.0), repeated("1", 0.9, 0.9)], GOAL)[0].p == 0.0
    assert duels([repeated("0", 1.0), repeated("1", 0.9)], GOAL) == []


# --- processes


def test_a_training_that_dies_is_one_failed_trial(tmp_path):
    code = "import sys; sys.stdin.readline(); {}"
    ends = {}
    for name, last in (
        ("error", "sys.exit('the disk is gone')"),
        ("killed", "import os; os.kill(os.getpid(), 9)"),
        ("told", """print('{"event": "failed", "why": "a sentence"}')"""),
        ("whole", """print('{"event": "end"}')"""),
    ):
        with LocalJobs(2, tmp_path, ["-I", "-S", "-c", code.format(last)]) as jobs:
            jobs.start(name, NoExperiment(), tmp_path / "run")
            assert jobs.has_room
            while jobs.working:
                ends |= {event.job: event for event in jobs.wait(10.0)}
    assert ends["error"].facts["why"] == "its process ended with status 1: the disk is gone"
    assert "killed (signal 9); often there is too little memory" in ends["killed"].facts["why"]
    assert ends["told"].facts["why"] == "a sentence" and ends["whole"].name == "end"
    assert {file.name for file in tmp_path.glob("*.log")} == {"error.log", "killed.log", "told.log"}


class NoExperiment:
    def model_dump(self, mode):
        return {}


SWEEPING = """
import sys
from pathlib import Path
from jumok.sweeps.display import SweepLines
from jumok.sweeps.jobs import LocalJobs
from jumok.sweeps.plan import read_plan
from jumok.sweeps.sweep import SweepOptions, sweep
import blank_curves
blank_curves.install()
file, folder = sys.argv[1:]
plan = read_plan(Path(file), ["training.learning_rate=[1e-3, 3e-2, log]"], [])
options = SweepOptions(trials=3, seeds=0, prunes=False)
sweep(plan, Path(folder), options, SweepLines(), LocalJobs)
"""


def test_a_sweep_that_is_killed_goes_on_as_if_it_never_was(python, plan, tmp_path):
    """Its trainings end when it does, and the next call finds the same trials with the same scores."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path]),
        "OMP_NUM_THREADS": "1",
        preloaded.INTERPRETER: python[0],
    }

    def start(folder):
        call = [*python, "-c", SWEEPING, str(plan.path), str(folder)]
        return subprocess.Popen(call, env=environment, stderr=subprocess.PIPE, text=True)

    killed = tmp_path / "killed"
    for trial in ("0000", "0001"):
        process = start(killed)
        while not (killed / "trials" / trial / "metrics.jsonl").exists():
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    process = start(killed)
    assert process.communicate() and process.returncode == 0
    process = start(tmp_path / "whole")
    assert process.communicate() and process.returncode == 0
    found, expected = (
        json.loads((tmp_path / name / "sweep.json").read_text()) for name in ("killed", "whole")
    )
    assert found["trials"] == expected["trials"]
    for trial in ("0000", "0001", "0002"):
        one, other = (
            tmp_path / name / "trials" / trial / "model" / "model.safetensors" for name in ("killed", "whole")
        )
        assert one.read_bytes() == other.read_bytes()
