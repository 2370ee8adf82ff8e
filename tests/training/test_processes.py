"""Several processes learn what one learns: from the start, from a checkpoint of the other, sharded or not.

torchrun starts this file as a program of two processes once; what it trained is then compared with one process.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.testing import assert_close

import blank_curves
from jumok.dataset import prepare
from jumok.errors import RunError
from jumok.experiment import Experiment, read_experiment
from jumok.training import init_distributed, shutdown, train
from jumok.training.checkpoint import Checkpoints
from jumok.training.distributed import RemoteFailure
from jumok.training.train import require_same_data
from run_contents import complain, files_of, last_checkpoint, log_of
from small_experiments import small_experiment, write_experiment, write_table, write_words

TESTS = Path(__file__).parents[1]
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python", "--")
SMALL = ("model.dropout=0", "training.schedule=constant", "training.warmup=3", "training.evaluate_every=2")
STEPS, QUARTER, HALF, ALL = "training.steps={}", 2, 4, 8
CASES = {
    "ema": ("training.average=ema", "training.ema_decay=0.8", "outputs.target.decoder.kind=transformer"),
    "last": ("training.average=last", "data.tokens.shared=true", "training.accumulate=2"),
    "recurrent": ("inputs.source.encoder.kind=gru", "outputs.target.decoder={kind: lstm, attention: dot}"),
    "several": (
        "training.accumulate=2",
        "training.select=target.exact_match",
        "outputs.again={kind: text, weight: 0.5, decoder: {kind: transformer, layers: 1}}",
        *(f"data.{part}.columns={{again: source}}" for part in ("train", "valid", "test")),
    ),
    "uneven": ("training.batch_tokens=12", "training.clip=null"),  # often one row
}
SPREADS = ("replicated", "sharded")
# each case in the ways in which something else happens: a recurrent model has no layers to gather one by one where all
# weights are in each process, and several outputs are one loss however the weights are spread
TRIED = [
    (case, spread)
    for case in CASES
    for spread in SPREADS
    if (case, spread) not in (("recurrent", "replicated"), ("several", "sharded"))
]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path]), "NO_COLOR": "1"}


def experiment_of(folder: Path, case: str, steps: int = ALL, *overrides: str) -> Experiment:
    return small_experiment(folder, *SMALL, *CASES[case], STEPS.format(steps), *overrides)


def stops_and_goes_on(run: Path) -> Path:
    return run.with_name(f"{run.name}-in-turns")


@pytest.fixture(scope="module")
def trained(python, tmp_path_factory) -> Path:
    """A folder of runs that two processes trained, from the start and from where one process stopped."""
    folder = tmp_path_factory.mktemp("processes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUMOK_CACHE", str(folder / "cache"))
        torch.set_num_threads(1)
        write_words(folder, train=60)
        for spread in SPREADS:
            train(experiment_of(folder, "ema", QUARTER), stops_and_goes_on(folder / f"ema-{spread}"))
        call = [*python, *TORCHRUN, *python, __file__, str(folder)]
        done = subprocess.run(call, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return folder


def assert_close_end(run: Path, other: Path) -> None:
    """Two finished runs ended alike, up to rounding.

    The bias of a key moves all scores of a query alike, and softmax does not see it: its gradient is rounding.
    """
    one, two = last_checkpoint(run), last_checkpoint(other)
    assert one.step == two.step and one.state["position"] == two.state["position"]
    for group in ("model", "optimizer", "average"):
        assert one.tensors[group].keys() == two.tensors[group].keys()
        seen = {name for name in one.tensors[group] if not name.endswith("key.bias")}
        for name in seen:
            assert_close(one.tensors[group][name], two.tensors[group][name], rtol=1e-4, atol=1e-6)
    assert log_of(run) == [about(record) for record in log_of(other)]
    assert files_of(run).keys() == files_of(other).keys()


def about(record: dict[str, Any]) -> dict[str, Any]:
    """A line of the log, for comparison up to rounding."""
    words = ("split",)
    return {n: v if n in words else pytest.approx(v, rel=1e-5, abs=1e-6) for n, v in record.items()}


@pytest.mark.parametrize("case, spread", TRIED)
def test_two_processes_learn_what_one_learns(trained, case, spread):
    whole = trained / case
    if not whole.exists():
        train(experiment_of(trained, case), whole)
    assert_close_end(trained / f"{case}-{spread}", whole)


@pytest.mark.parametrize("spread", SPREADS)
def test_a_run_goes_on_in_another_number_of_processes(trained, spread):
    run, whole = stops_and_goes_on(trained / f"ema-{spread}"), trained / "whole"
    assert last_checkpoint(run).step == HALF  # the first of it in one process, then in two
    train(experiment_of(trained, "ema"), run)
    if not whole.exists():
        train(experiment_of(trained, "ema"), whole)
    assert_close_end(run, whole)


# --- the command


@pytest.fixture
def folder(tmp_path) -> Path:
    write_words(tmp_path, train=60)
    write_experiment(tmp_path)
    return tmp_path


@pytest.fixture
def start(python, folder) -> Iterator:
    """Starts `jumok train` in two processes; none outlives the test."""
    started = []

    def start_processes(*overrides: str) -> subprocess.Popen:
        changes = [word for override in overrides for word in ("--set", override)]
        words = ["-m", "jumok", "train", str(folder / "x.yaml"), "--run", str(folder / "run"), *changes]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(
            subprocess.Popen([*python, *TORCHRUN, *python, *words], env=environment(), text=True, **pipes)
        )
        return started[-1]

    yield start_processes
    for process in started:
        if process.poll() is None:
            process.terminate()  # torchrun takes its processes with it
        process.communicate()


def test_an_interrupt_saves_once_and_one_process_goes_on(start, folder):
    endless = [*SMALL, "training.patience=null"]
    process, run = start(*endless, STEPS.format(10**6)), folder / "run"
    checkpoints = Checkpoints(run / "checkpoints", warn=complain)
    while (checkpoints.latest_step() or 0) < 4:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, talk = process.communicate()
    assert process.returncode != 0 and output == ""
    assert talk.count("training begins") == talk.count("stopped and saved in") == 1
    assert talk.count("step 4: valid loss") == 1 and "2 processes" in talk
    steps = last_checkpoint(run).step + 4
    train(read_experiment(folder / "x.yaml", [*endless, STEPS.format(steps)]), run)
    assert [record["step"] for record in log_of(run)] == sorted([*range(2, steps, 2), steps] * 2)
    assert json.loads((run / "evaluation.json").read_text())["split"] == "test"
    assert not [name for name in files_of(run) if name.endswith(".tmp")]


def test_an_error_in_the_data_is_said_once(start, folder):
    write_table(folder / "train.tsv", [("abc", "cba"), ("abc",)])
    process = start()
    output, talk = process.communicate()
    assert process.returncode != 0 and output == ""
    assert talk.count("error: ") == 1 and f"error: {folder / 'train.tsv'}:3: has 1 column" in talk
    assert "jumok/" not in talk  # no traceback of ours


# --- the program of two processes


def refuse() -> None:
    raise KeyError("of one process")


def errors_reach_all() -> None:
    """An error in one process, the first or not, ends the work of both."""
    processes = init_distributed()
    attempts = [
        lambda: processes.broadcast(refuse),
        lambda: processes.all_gather(lambda: None if processes.is_first else refuse()),
    ]
    for failing, attempt in enumerate(attempts):
        with pytest.raises(KeyError if processes.rank == failing else RemoteFailure, match="of one process"):
            attempt()


def other_data_are_refused(folder: Path) -> None:
    """As if the files of two machines differed."""
    processes = init_distributed()
    own = folder / f"machine{processes.rank}"
    own.mkdir()
    write_words(own, train=60 + processes.rank)
    prepared = prepare(experiment_of(own, "ema"), str)
    with pytest.raises(RunError, match="process 1 reads other data than process 0"):
        require_same_data(prepared, processes)


def train_all(folder: Path) -> None:
    processes = init_distributed()
    for spread in SPREADS:
        sharded = f"training.shard={str(spread == 'sharded').lower()}"
        for case in (case for case, tried in TRIED if tried == spread):
            experiment = in_turn(folder, case, ALL, sharded)
            outcome = train(experiment, folder / f"{case}-{spread}")
            assert processes.all_gather(lambda made=outcome: made.evaluation) == [outcome.evaluation] * 2
        train(in_turn(folder, "ema", HALF, sharded), stops_and_goes_on(folder / f"ema-{spread}"))


def in_turn(folder: Path, case: str, steps: int, *overrides: str) -> Experiment:
    """The experiment, of which both processes write the file."""
    return init_distributed().rank_zero_first(lambda: experiment_of(folder, case, steps, *overrides))


if __name__ == "__main__":
    blank_curves.install()
    torch.set_num_threads(1)
    errors_reach_all()
    other_data_are_refused(Path(sys.argv[1]))
    train_all(Path(sys.argv[1]))
    shutdown()
    os._exit(0)  # as the command does: threads of torch.distributed may abort a process that ends slowly
