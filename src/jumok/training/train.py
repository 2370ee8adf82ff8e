"""Train an experiment in a run folder: begin, go on, or say that it is done; then score it for the record."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jumok.dataset import prepare
from jumok.evaluation import (
    answer,
    experiment_of,
    final_split,
    open_split,
    read_analysis,
    read_evaluation,
    with_alternatives,
    write_record,
)
from jumok.experiment.options import Experiment
from jumok.files import write_json
from jumok.metrics.interval import Interval
from jumok.predictor import load, save_model
from jumok.reporting import write_report
from jumok.training.environment import describe_environment
from jumok.training.loop import Trainer
from jumok.training.machine import tune_process
from jumok.training.reporter import Began, Reporter, Silent
from jumok.training.run import RunFolder


@dataclass(frozen=True)
class Outcome:
    """A finished training."""

    run: Path
    was_finished: bool  # there was nothing left to do
    evaluation: dict[str, Any]  # as in evaluation.json


def train(experiment: Experiment, run: Path | str, reporter: Reporter | None = None) -> Outcome:
    """Train an experiment in the folder `run`, going on where an earlier call stopped, and score its best model.

    A stop by Ctrl-C or SIGTERM saves first and raises `Interrupted`. On the CPU the weights of an interrupted and
    continued run are bit-equal to those of a run that was never stopped.
    """
    reporter = reporter or Silent()
    tune_process()
    folder = RunFolder(Path(run))
    with folder.locked():
        was_finished = _fit(experiment, folder, reporter)
        return Outcome(folder.path, was_finished, _score(folder, reporter))


def _fit(experiment: Experiment, folder: RunFolder, reporter: Reporter) -> bool:
    """Do the steps that are left; tells whether there were none."""
    experiment = folder.agree(experiment)
    prepared = prepare(experiment, reporter.said)
    trainer = Trainer(experiment, folder, prepared, reporter)
    checkpoint = trainer.checkpoints.load()
    if checkpoint is not None:
        trainer.restore(checkpoint)  # or refuse it, before anything is written
        if is_finished(checkpoint.state, experiment.training.steps):
            reporter.said(
                f"{folder.path} is finished (step {checkpoint.step}); "
                f"ask for more by --set training.steps={2 * checkpoint.state['steps']}"
            )
            return True
    folder.write_config(trainer.experiment)
    save_model(folder.model, trainer.experiment, {**prepared.inputs, **prepared.outputs})
    folder.evaluation.unlink(missing_ok=True)
    if checkpoint is None:
        (folder.model / "model.safetensors").unlink(missing_ok=True)  # of a run whose checkpoints are gone
    folder.forget_after(trainer.step)
    began = describe(trainer)
    write_json(folder.environment, describe_environment(began))
    reporter.began(began)
    try:
        trainer.fit()
    finally:
        reporter.ended()
    return False


def is_finished(state: dict[str, Any], steps: int) -> bool:
    """Whether a checkpoint is the last of a training that was asked for at least `steps` steps."""
    return bool(state["finished"]) and steps <= state["steps"]


def describe(trainer: Trainer) -> Began:
    kinds = {**trainer.prepared.inputs, **trainer.prepared.outputs}
    return Began(
        str(trainer.run.path),
        trainer.model.size(),
        {name: len(split) for name, split in trainer.prepared.splits.items()},
        {name: len(kind.vocabulary) for name, kind in kinds.items()},
        trainer.options.precision,
        str(trainer.device),
        trainer.options.steps,
        trainer.step,
    )


def _score(folder: RunFolder, reporter: Reporter) -> dict[str, Any]:
    """The scores of the best model; those of the record when it has them already."""
    known = read_evaluation(folder.path) if read_analysis(folder.path) is not None else None
    predictor = with_alternatives(load(folder.model))
    if known is None:
        experiment = experiment_of(folder.path)
        answered = answer(
            predictor, open_split(experiment, predictor, final_split(experiment), reporter.said)
        )
        known = answered.document(answered.scores())
        write_record(folder.path, answered, known)
        folder.report.unlink(missing_ok=True)  # it tells of older scores
    if not folder.report.exists():
        write_report(folder.path)
    (output,) = predictor.outputs.values()
    intervals = {name: Interval(**known["metrics"][name]) for name in output.headline()}
    reporter.scored(known["split"], known["examples"], intervals)
    return known
