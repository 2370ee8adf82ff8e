"""What a training would be like: everything up to its first step is done, some steps are timed, nothing is written."""

import resource
import sys
from pathlib import Path
from typing import Any, NamedTuple

import torch

from jumok.dataset import prepare
from jumok.errors import ConfigurationError
from jumok.experiment.options import Experiment
from jumok.reporting.numbers import duration
from jumok.runs.folder import RunFolder
from jumok.training.budget import measured_pace
from jumok.training.describing import describe
from jumok.training.display import beginning
from jumok.training.distributed import init_distributed
from jumok.training.loop import Trainer
from jumok.training.planning import steps_of_evaluation
from jumok.training.reconcile import reconcile
from jumok.training.reporter import Reporter, RunInfo
from jumok.wording import quantity, verb

GIGA = 1e9


class DryRun(NamedTuple):
    """What would be trained, how long it would take and how much memory it would need."""

    what: RunInfo
    step_seconds: float
    evaluate_every: int  # steps
    evaluate_examples: int
    seconds: float  # of all steps that are left and their evaluations; the final scoring comes on top
    memory: int  # bytes, of this process or of the GPU

    def to_json(self) -> dict[str, Any]:
        """The dry run as JSON."""
        return {**self._asdict(), "what": self.what._asdict()}

    def __str__(self) -> str:
        left = self.what.steps - self.what.start
        every = "step" if self.evaluate_every == 1 else quantity(self.evaluate_every, "step")
        return (
            f"dry run of {beginning(self.what)}\n"
            f"  a step takes {1000 * self.step_seconds:,.0f} ms; every {every} "
            f"{quantity(self.evaluate_examples, 'example')} of valid "
            f"{verb(self.evaluate_examples, 'is', 'are')} answered\n"
            f"  {quantity(left, 'step')} {verb(left, 'takes', 'take')} about "
            f"{duration(self.seconds)} here, with evaluations, and "
            f"{self.memory / GIGA:.1f} GB of memory; nothing was written"
        )


def dry_run(experiment: Experiment, run: Path | str, reporter: Reporter) -> DryRun:
    """Read the data, build the model, settle what a training settles, and take some steps to see how long they take.

    The run folder is read, so that a training that would go on is told as such, and is left as it is.

    Args:
        experiment: The experiment.
        run: The run folder.
        reporter: Receives messages.

    Returns:
        What the training would be like.

    Raises:
        ConfigurationError: There are several processes.
    """
    processes = init_distributed()
    if processes.world_size > 1:
        raise ConfigurationError("--dry-run runs in one process; start it without torchrun")
    folder = RunFolder(Path(run))
    folder.require_ours()
    experiment = reconcile(folder, experiment, reporter.message, restore_config=False)
    trainer = Trainer(experiment, folder, prepare(experiment, reporter.message), reporter, processes)
    pace = measured_pace(trainer)
    start = min(trainer.checkpoints.latest_step() or 0, trainer.steps)
    left = trainer.steps - start
    evaluations = left / trainer.evaluations.every
    cost = steps_of_evaluation(
        len(trainer.valid), trainer.evaluations.examples, trainer.examples_a_step, trainer.searches
    )
    return DryRun(
        describe(trainer)._replace(start=start),
        pace,
        trainer.evaluations.every,
        trainer.evaluations.examples,
        pace * (left + evaluations * cost),
        most_memory(trainer.device),
    )


def most_memory(device: torch.device) -> int:
    """Bytes that were in use at most so far."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
