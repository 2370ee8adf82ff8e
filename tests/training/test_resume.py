"""Rerun to resume, exactly: however a training is stopped, it ends as if it had never been."""

import random
import re
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from jumok.errors import RunError
from jumok.experiment import Experiment, read_experiment
from jumok.runs.folder import RunFolder
from jumok.training import Interrupted, TrainingResult, loop, parallel, train
from jumok.training.batches import Batches
from jumok.training.loop import Trainer
from jumok.training.precision import Chosen
from jumok.training.reporter import NullReporter
from run_contents import assert_same_end, files_of, last_checkpoint, log_of
from small_experiments import small_experiment, write_table, write_words

SMALL = ("training.steps=24", "training.evaluate_every=4", "training.batch_tokens=96", "training.warmup=3")


class Killed(Exception):
    """Stands for the end of a process."""


class Told(NullReporter):
    """Remembers what was said."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def message(self, message: str) -> None:
        if "are in train too" not in message and not message.startswith(
            "baselines: "
        ):  # short words are in both
            self.sentences.append(message)


@pytest.fixture
def make(tmp_path) -> Callable[..., Experiment]:
    write_words(tmp_path, train=60)
    return lambda *overrides: small_experiment(tmp_path, *SMALL, *overrides)


class Ended(NamedTuple):
    """An experiment, and its run that was not stopped; for reading only."""

    experiment: Experiment
    run: Path


@pytest.fixture(scope="module")
def ended(tmp_path_factory) -> Callable[..., Ended]:
    """Train an experiment on data of this file, once for all tests that ask for the same one."""
    folder = tmp_path_factory.mktemp("ended")
    write_words(folder, train=60)

    @cache
    def train_once(*overrides: str) -> Ended:
        experiment = small_experiment(folder, *SMALL, *overrides)
        run = folder / f"run{len(list(folder.glob('run*')))}"
        train(experiment, run)
        return Ended(experiment, run)

    return train_once


# What a training consists of: it is stopped before a call of one of these.
CALLS = [
    (Trainer, "train_step"),
    (Batches, "next"),
    (Trainer, "_optimizer_step"),
    (Trainer, "evaluate"),
    (Trainer, "save"),
    (Trainer, "restore"),
    (RunFolder, "write_config"),
    (RunFolder, "append"),
    (RunFolder, "truncate_log"),
    (parallel, "batch_losses"),
    (loop, "clip_gradients"),
    (loop, "predict_split"),
    (loop, "save_weights"),
]


def train_until(
    monkeypatch, experiment: Experiment, run: Path, moment: int, stop: Callable[[], None]
) -> TrainingResult:
    """Train, and call `stop` before call number `moment`."""
    count = 0

    def counted(call: Callable) -> Callable:
        def stopping(*arguments, **named):
            nonlocal count
            count += 1
            if count == moment:
                stop()
            return call(*arguments, **named)

        return stopping

    with monkeypatch.context() as patch:
        for owner, name in CALLS:
            patch.setattr(owner, name, counted(getattr(owner, name)))
        return train(experiment, run)


def kill() -> None:
    raise Killed


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)  # training finishes the step, saves and raises Interrupted


def train_with_stops(monkeypatch, experiment: Experiment, run: Path, seed: int) -> int:
    """Train with a stop after up to 60 calls, again and again to the end; tells how often it was stopped."""
    draw, stops = random.Random(seed), 0
    while True:
        try:
            train_until(monkeypatch, experiment, run, draw.randint(1, 60), draw.choice([kill, interrupt]))
            return stops
        except (Killed, Interrupted, KeyboardInterrupt):  # the last one before and after the steps
            stops += 1


@pytest.mark.parametrize(
    "overrides",
    [
        ("training.average=none",),
        ("training.average=ema", "training.ema_decay=0.9", "training.accumulate=2"),
        ("training.average=last", "training.average_last=2", "training.schedule=inverse_sqrt"),
        ("training.average=ema", "training.clip=null", "inputs.source.encoder.kind=gru"),
        ("outputs.target.decoder={kind: lstm, layers: 2}", "training.accumulate=3", "training.patience=2"),
        ("data.tokens.shared=true", "model.positions=learned", "training.keep=1", "training.average=last"),
    ],
    ids=["none", "ema", "last", "gru", "lstm", "shared"],
)
def test_a_stopped_training_ends_like_one_that_was_not(make, tmp_path, monkeypatch, overrides):
    experiment = make(*overrides)
    train(experiment, tmp_path / "whole")
    assert train_with_stops(monkeypatch, experiment, tmp_path / "stopped", seed=len(overrides)) >= 3
    assert_same_end(tmp_path / "stopped", tmp_path / "whole")


def test_runs_cross_epochs_and_stop_within_them(ended):
    epochs = [record["epoch"] for record in log_of(ended("training.average=ema").run)]
    assert max(epochs) > 2 and any(epoch % 1 for epoch in epochs)  # or the tests here would prove little


def test_the_seed_matters(ended):
    one, other = (ended("training.average=ema", *seed).run for seed in ((), ("training.seed=2",)))
    with pytest.raises(AssertionError):
        assert_same_end(one, other)


# --- interrupted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_the_step(make, tmp_path, monkeypatch, number):
    before = signal.getsignal(number)
    with pytest.raises(Interrupted):
        train_until(monkeypatch, make(), tmp_path / "run", 30, lambda: signal.raise_signal(number))
    checkpoint = last_checkpoint(tmp_path / "run")
    assert checkpoint.step % 4 and not checkpoint.state["finished"]
    assert signal.getsignal(number) is before


def test_a_second_interrupt_ends_at_once(make, tmp_path, monkeypatch):
    def twice() -> None:
        interrupt()
        interrupt()

    with pytest.raises(KeyboardInterrupt):
        train_until(monkeypatch, make(), tmp_path / "run", 30, twice)
    assert last_checkpoint(tmp_path / "run").step == 4


def test_training_in_a_thread(ended, tmp_path):
    experiment, run = ended("training.average=ema")
    with ThreadPoolExecutor() as threads:  # which may not listen to signals
        threads.submit(train, experiment, tmp_path / "thread").result()
    assert_same_end(tmp_path / "thread", run)


def test_an_interrupt_in_the_last_step_leaves_only_the_scores(make, tmp_path, monkeypatch):
    experiment = make("training.steps=1")
    with pytest.raises(Interrupted):
        train_until(monkeypatch, experiment, tmp_path / "run", 3, interrupt)
    assert not (tmp_path / "run" / "evaluation.json").exists()
    outcome = train(experiment, tmp_path / "run")
    assert outcome.was_finished and (tmp_path / "run" / "evaluation.json").exists()


# --- damaged


def spoil(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("file", ["optimizer.safetensors", "state.json"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(ended, tmp_path, monkeypatch, file):
    (experiment, whole), run, told = ended("training.average=ema"), tmp_path / "run", Told()
    with pytest.raises(Killed):
        train_until(monkeypatch, experiment, run, 90, kill)
    newest = max((run / "checkpoints").iterdir())
    before = min((run / "checkpoints").iterdir())
    spoil(newest / file)
    train(experiment, run, told)
    assert len(told.sentences) == 1
    assert told.sentences[0].startswith(f"{newest} is damaged ({file}: ")
    assert told.sentences[0].endswith(f"; going on from {before.name}")
    aside = run / "checkpoints" / f"damaged-{newest.name}"
    assert (aside / file).exists()
    for left in aside.iterdir():
        left.unlink()
    aside.rmdir()
    assert_same_end(run, whole)


def test_without_a_whole_checkpoint_training_begins_again(ended, tmp_path, monkeypatch):
    (experiment, whole), run, told = ended("training.average=ema"), tmp_path / "run", Told()
    with pytest.raises(Killed):
        train_until(monkeypatch, experiment, run, 90, kill)
    for checkpoint in (run / "checkpoints").iterdir():
        spoil(checkpoint / "model.safetensors")
    train(experiment, run, told)
    assert [sentence.split("; ")[-1] for sentence in told.sentences] == [
        "training starts from the beginning"
    ] * 2
    weights = Path("model", "model.safetensors")
    assert (run / weights).read_bytes() == (whole / weights).read_bytes()
    assert log_of(run) == log_of(whole)


# --- finished


def test_a_finished_run_says_so_and_changes_nothing(make, tmp_path):
    run, told = tmp_path / "run", Told()
    first = train(make(), run)
    before = files_of(run)
    times = {
        file: file.stat().st_mtime_ns for file in run.rglob("*") if file.name != ".lock" and file.is_file()
    }
    second = train(make("decoding.beam=4"), run, told)
    assert not first.was_finished and second.was_finished and second.evaluation == first.evaluation
    assert told.sentences == [f"{run} is finished (step 24); ask for more by --set training.steps=48"]
    assert files_of(run) == before
    assert all(file.stat().st_mtime_ns == time for file, time in times.items())


def test_more_steps_continue_a_finished_run_exactly(make, tmp_path):
    constant = "training.schedule=constant"  # a cosine would have been another from the first step on
    train(make(constant), tmp_path / "run")
    train(make(constant, "training.steps=40"), tmp_path / "run")
    train(make(constant, "training.steps=40"), tmp_path / "whole")
    assert_same_end(tmp_path / "run", tmp_path / "whole")


def test_fewer_steps_are_done_already(make, tmp_path):
    train(make(), tmp_path / "run")
    assert train(make("training.steps=10"), tmp_path / "run").was_finished


def test_a_run_that_stopped_early_is_finished(make, tmp_path):
    early = ("training.patience=1", "training.learning_rate=1e-30", "training.average=none")
    run, told = tmp_path / "run", Told()
    train(make(*early), run, told)
    assert last_checkpoint(run).step == 16  # the first evaluation in the second half was no better
    reason = "1 evaluations in a row brought no better exact_match and no lower loss"
    assert told.sentences == [
        f"stopped early at step 16 of 24: {reason}; go on by --set training.patience=null"
    ]
    assert reason in (run / "report.html").read_text()
    again = Told()
    train(make(*early), run, again)
    more = "go on by --set training.patience=null or --set training.steps=48"
    assert again.sentences == [f"{run} is finished (stopped early at step 16 of 24); {more}"]
    assert not train(make(*early, "training.steps=48"), run).was_finished
    assert last_checkpoint(run).step > 16


def test_without_patience_a_training_that_stopped_early_goes_on(make, tmp_path):
    early = ("training.learning_rate=1e-30", "training.average=none")
    train(make(*early, "training.patience=1"), tmp_path / "run")
    assert not train(make(*early, "training.patience=null"), tmp_path / "run").was_finished
    train(make(*early, "training.patience=null"), tmp_path / "whole")
    assert_same_end(tmp_path / "run", tmp_path / "whole")


# --- refused


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("model.width=32", "was trained with model.width: 16, now it is 32"),
        ("training.seed=3", "was trained with training.seed: 1, now it is 3"),
        ("model.feedforward=20", "was trained with model.feedforward: not given, now it is 20"),
        ("training.precision=bf16", "was trained with training.precision: fp32, now it is bf16"),
        ("inputs.source.encoder.layers=2", "was trained with inputs.source.encoder.layers: 1, now it is 2"),
        ("data.on_bad_rows=skip", "was trained with data.on_bad_rows: error, now it is skip"),
    ],
)
def test_another_experiment_is_refused_by_the_name_of_its_option(ended, override, sentence):
    run = ended("training.steps=4").run
    changed = small_experiment(run.parent, *SMALL, override)
    before = files_of(run)
    with pytest.raises(RunError, match=f"^{re.escape(f'{run} {sentence}; choose another folder by --run')}"):
        train(changed, run)
    assert files_of(run) == before


def test_options_of_later_steps_may_change(make, tmp_path):
    run = tmp_path / "run"
    train(make("training.steps=4"), run)
    changes = ["training.patience=null", "training.evaluate_every=3", "training.keep=3", "decoding.beam=3"]
    assert not train(make("training.steps=8", *changes), run).was_finished
    assert read_experiment(run / "config.yaml").training.patience is None


def test_precision_that_was_found_out_stays(make, tmp_path, monkeypatch):
    automatic, run, told = "training.precision=auto", tmp_path / "run", Told()
    monkeypatch.setattr(loop, "choose_precision", lambda *given, **named: Chosen("fp32", {}, "made up"))
    train(make(automatic, "training.steps=4"), run)
    monkeypatch.setattr(loop, "choose_precision", lambda *given, **named: Chosen("bf16", {}, "made up"))
    train(make(automatic), run, told)
    assert told.sentences == []
    assert read_experiment(run / "config.yaml").training.precision == "fp32"


@pytest.mark.parametrize("finished", [True, False])
def test_changed_data_are_refused_and_the_run_stays_as_it_was(make, tmp_path, monkeypatch, finished):
    experiment, run = make(), tmp_path / "run"
    if finished:
        train(experiment, run)
    else:
        with pytest.raises(Interrupted):
            train_until(monkeypatch, experiment, run, 50, interrupt)
    before = files_of(run)
    write_table(tmp_path / "train.tsv", [("xyz", "zyx"), ("x", "x")])
    with pytest.raises(RunError, match="the training data changed since this run began"):
        train(experiment, run)
    assert files_of(run) == before


def test_changed_valid_data_are_refused_too(make, tmp_path):
    train(make("training.steps=4"), tmp_path / "run")
    write_table(tmp_path / "valid.tsv", [("xyz", "zyx"), ("x", "x")])
    with pytest.raises(RunError, match="the valid data changed since this run began"):
        train(make(), tmp_path / "run")


def test_one_process_at_a_time(make, tmp_path):
    run = RunFolder(tmp_path / "run")
    with run.locked(), pytest.raises(RunError, match=r"another process \(\d+\) is training in this run"):
        train(make(), run.path)
    train(make("training.steps=1"), run.path)


def test_a_folder_of_other_things_is_refused(make, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").touch()
    with pytest.raises(RunError, match=r"holds other things \(thesis.tex\) and no run"):
        train(make(), tmp_path / "home")
    with pytest.raises(RunError, match="is a file, a run needs a folder"):
        train(make(), tmp_path / "train.tsv")
    with pytest.raises(RunError, match="could not be written"):
        train(make(), tmp_path / "train.tsv" / "run")


def test_what_a_killed_process_left_is_removed(make, tmp_path):
    run = tmp_path / "run"
    (run / "model").mkdir(parents=True)
    (run / "model").rmdir()
    (run / ".config.yaml.123.tmp").write_text("inp")
    train(make("training.steps=4"), run)
    (run / "model" / ".model.safetensors.123.tmp").write_bytes(b"x")
    train(make("training.steps=8"), run)
    assert not [name for name in files_of(run) if name.endswith(".tmp")]


def test_a_half_written_line_of_the_log_is_dropped(ended, tmp_path, monkeypatch):
    (experiment, whole), run = ended("training.average=ema"), tmp_path / "run"
    with pytest.raises(Killed):
        train_until(monkeypatch, experiment, run, 90, kill)
    with open(run / "metrics.jsonl", "a") as log:
        log.write('{"step": 2')
    train(experiment, run)
    assert_same_end(run, whole)


def test_a_damaged_log_keeps_its_whole_lines(make, tmp_path):
    run = tmp_path / "run"
    train(make("training.steps=8"), run)
    whole = (run / "metrics.jsonl").read_bytes()
    (run / "metrics.jsonl").write_bytes(b"\xff\x00[1]\n[2]\n7\n" + whole + b'{"step": 8')
    train(make("training.schedule=cosine"), run)
    assert (run / "metrics.jsonl").read_bytes().startswith(whole)


def test_a_log_that_is_no_file_is_told(make, tmp_path):
    run = tmp_path / "run"
    train(make("training.steps=4"), run)
    (run / "metrics.jsonl").unlink()
    (run / "metrics.jsonl").mkdir()
    with pytest.raises(RunError, match="metrics.jsonl is not a file; move it away"):
        train(make(), run)


@pytest.mark.parametrize("how", ["gone", "cut"])
def test_a_lost_configuration_is_taken_from_the_model(make, tmp_path, how):
    run, told = tmp_path / "run", Told()
    train(make("training.steps=4"), run)
    whole = (run / "config.yaml").read_bytes()
    (run / "config.yaml").unlink() if how == "gone" else (run / "config.yaml").write_bytes(whole[:100])
    with pytest.raises(RunError, match="trained with model.width: 16, now it is 32"):
        train(make("model.width=32"), run, told)
    assert train(make("training.steps=4"), run).was_finished
    assert any(f"{run / 'model' / 'config.yaml'} has the same and is used" in one for one in told.sentences)
    assert (run / "config.yaml").read_bytes() == whole


@pytest.mark.parametrize("name", ["report.html", "evaluation.json"])
def test_what_cannot_be_removed_is_told(make, tmp_path, name):
    run = tmp_path / "run"
    train(make("training.steps=4"), run)
    (run / name).unlink()
    (run / name).mkdir()  # root, who may run the tests, is stopped by nothing less
    (run / name / "in the way").touch()
    with pytest.raises(RunError, match=f"{name} could not be"):
        train(make("training.steps=8"), run)
