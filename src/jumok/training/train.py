"""Train an experiment in a run folder: begin, go on, or say that it is done; then score it for the record."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jumok.dataset import Prepared, prepare
from jumok.dataset.evidence import excess, length_gap, require_evidence
from jumok.errors import Interrupted, JumokError, RunError
from jumok.files import remove_file
from jumok.machine import tune_process
from jumok.predictor import save_model
from jumok.runs.folder import RunFolder
from jumok.training.checkpoint import Checkpoint, Checkpoints
from jumok.training.describing import describe
from jumok.training.distributed import Distributed, init_distributed
from jumok.training.environment import begin_environment, end_environment
from jumok.training.loop import Trainer
from jumok.training.reconcile import reconcile
from jumok.training.reporter import NullReporter, Reporter
from jumok.training.tensorboard import TensorBoard

if TYPE_CHECKING:
    from jumok.evaluation.answers import SplitPredictions
    from jumok.experiment.options import Experiment

ONE_SHARD = (
    "training.shard does nothing in one process; several share a model after "
    "torchrun --nproc-per-node NUMBER -m jumok train ..."
)


@dataclass(frozen=True)
class TrainingResult:
    """A finished training."""

    run: Path
    was_finished: bool  # there was nothing left to do
    evaluation: dict[str, Any]  # as in evaluation.json
    answered: "SplitPredictions | None" = None  # what it is the evaluation of, if it was made now and here


def train(experiment: "Experiment", run: Path | str, reporter: Reporter | None = None) -> TrainingResult:
    """Train an experiment in the folder `run`, going on where an earlier call stopped, and score its best model.

    A stop by Ctrl-C or SIGTERM saves first and raises `Interrupted`. On the CPU the weights of an interrupted and
    continued run are bit-equal to those of a run that was never stopped.

    Progress is printed to stderr, or reported to another `reporter`; `jumok.training.NullReporter()` prints nothing.
    A script that torchrun starts in several processes calls it in each; only the first one reports.

    Args:
        experiment: The experiment.
        run: The run folder.
        reporter: Receives training events; None prints progress to stderr.

    Returns:
        The finished training.

    Raises:
        Interrupted: It was stopped, and can go on.
        JumokError: The data, the experiment or the run folder are at fault.
    """
    processes = init_distributed()
    processes.broadcast(lambda: {"experiment": experiment.model_dump(mode="json"), "run": str(run)})
    return _train(experiment, Path(run), reporter or default_reporter(), processes)


def default_reporter() -> Reporter:
    """Who tells of a training where nobody else was named."""
    from jumok.training.display import PlainDisplay  # rich is for who asks for it

    return PlainDisplay()


def worker_loop() -> None:
    """Take part in the trainings of the first process until it sends away the others."""
    from jumok.experiment.options import Experiment

    processes = init_distributed()
    while order := processes.broadcast(lambda: None):
        with suppress(JumokError, Interrupted):  # the first process tells of them
            experiment = Experiment.model_validate(order["experiment"])
            _train(experiment, Path(order["run"]), NullReporter(), processes)


def stop_workers() -> None:
    """Tell those that follow that there will be no more trainings."""
    with suppress(RuntimeError):  # they are gone already
        init_distributed().broadcast(lambda: None)


def _train(experiment: "Experiment", run: Path, reporter: Reporter, processes: Distributed) -> TrainingResult:
    tune_process()
    folder = RunFolder(run)
    reporter = told(experiment, folder, reporter) if processes.is_first else NullReporter()
    with ExitStack() as held:
        processes.broadcast(lambda: held.enter_context(folder.locked()))
        was_finished = _fit(experiment, folder, reporter, processes)
        from jumok.training.scoring import score  # what only the end needs is loaded there

        answered: list[SplitPredictions] = []
        evaluation = processes.broadcast(lambda: score(folder, reporter, answered.append))
        return TrainingResult(folder.path, was_finished, evaluation, *answered)


def told(experiment: "Experiment", folder: RunFolder, reporter: Reporter) -> Reporter:
    """Who is told of a training: the reporter, and what `training.log` asks for.

    Args:
        experiment: The experiment.
        folder: The run folder.
        reporter: The reporter.

    Returns:
        The reporter, wrapped where there is a log.
    """
    return TensorBoard(reporter, folder.path) if experiment.training.log == "tensorboard" else reporter


def _fit(experiment: "Experiment", folder: RunFolder, reporter: Reporter, processes: Distributed) -> bool:
    """Do the steps that are left; tells whether there were none."""
    from jumok.experiment.options import Experiment

    agreed = processes.broadcast(
        lambda: reconcile(folder, experiment, reporter.message).model_dump(mode="json")
    )
    experiment = Experiment.model_validate(agreed)
    if experiment.training.shard and processes.world_size == 1:
        reporter.message(ONE_SHARD)
    prepared = processes.rank_zero_first(lambda: prepare(experiment, reporter.message))
    require_same_data(prepared, processes)
    trainer = Trainer(experiment, folder, prepared, reporter, processes)
    checkpoint = _newest(trainer.checkpoints, processes)
    if checkpoint is not None:
        trainer.restore(checkpoint)  # or refuse it, before anything is written
        if trainer.is_finished(checkpoint.state):
            reporter.message(f"{folder.path} is finished ({how_far(checkpoint)}")
            return True
        trainer.best.hope_again()  # if it had stopped early, and more is asked for
    require_evidence(prepared.splits["valid"], trainer.evaluations.examples)
    if checkpoint is None:
        processes.broadcast(lambda: _look_at_data(prepared, reporter.message))
    processes.broadcast(lambda: _begin_files(trainer, begins=checkpoint is None))
    reporter.on_start(describe(trainer))
    try:
        if checkpoint is None:
            trainer.start()
        trainer.fit()
    finally:
        reporter.on_end()
    processes.broadcast(lambda: _end_files(trainer, reporter))
    return False


def how_far(checkpoint: Checkpoint) -> str:
    """Where a finished training ended, and how it would go on."""
    step, steps = checkpoint.step, checkpoint.state["steps"]
    more = f"training.steps={2 * steps}"
    if step >= steps:
        return f"step {step}); ask for more by --set {more}"
    return f"stopped early at step {step} of {steps}); go on by --set training.patience=null or --set {more}"


def _look_at_data(prepared: Prepared, say: Callable[[str], None]) -> None:
    """Tell what is odd about the data."""
    for name, split in prepared.splits.items():
        if sentence := excess(split):
            say(f"{name}: {sentence}")
        if sentence := length_gap(split, prepared.splits["train"]):
            say(f"{name}: {sentence}")


def _end_files(trainer: Trainer, reporter: Reporter) -> None:
    """Note the end in environment.json, where the report finds it; tell of an early one on the terminal, too."""
    if trainer.step >= trainer.steps:
        end_environment(trainer.run.environment)
        return
    steps = f"at step {trainer.step:,} of {trainer.steps:,}: {trainer.best.reason}"
    reporter.message(f"stopped early {steps}; go on by --set training.patience=null")
    end_environment(trainer.run.environment, steps)


def require_same_data(prepared: Prepared, processes: Distributed) -> None:
    """Refuse processes of several machines that read other data or learned other vocabularies."""
    kinds = prepared.fields.all.values()
    texts = [split.texts.digest for split in prepared.splits.values()]
    seen = processes.all_gather(lambda: [*texts, *(field.codec.digest for field in kinds)])
    if other := [rank for rank, digests in enumerate(seen) if digests != seen[0]]:
        raise RunError(
            f"process {other[0]} reads other data than process 0; copy the same files to all machines"
        )


def _newest(checkpoints: Checkpoints, processes: Distributed) -> Checkpoint | None:
    """The checkpoint to go on from; the first process reads it for all."""
    found: list[Checkpoint] = []

    def read() -> dict[str, Any] | None:
        checkpoint = checkpoints.load()
        if checkpoint is None:
            return None
        found.append(checkpoint)
        about = {"step": checkpoint.step, "state": checkpoint.state, "path": str(checkpoint.path)}
        return {**about, "groups": list(checkpoint.tensors)}

    about = processes.broadcast(read)
    if about is None:
        return None
    here = found[0].tensors if found else {}
    tensors = {name: dict(processes.broadcast_tensors(here.get(name, {}))) for name in about["groups"]}
    return Checkpoint(about["step"], tensors, about["state"], Path(about["path"]))


def _begin_files(trainer: Trainer, begins: bool) -> None:
    """Bring the run folder to the step that training goes on from, or begins with."""
    folder, prepared = trainer.run, trainer.prepared
    folder.write_config(trainer.experiment)
    save_model(folder.model, trainer.experiment, prepared.fields, trainer.model)
    remove_file(folder.evaluation)
    if begins:
        remove_file(folder.weights)  # of a run whose checkpoints are gone
    folder.truncate_log(trainer.step)
    begin_environment(folder.environment, describe(trainer))
