"""What is going to be trained, in counts and names."""

from jumok.training.loop import Trainer
from jumok.training.reporter import RunInfo


def describe(trainer: Trainer) -> RunInfo:
    """The sizes, names and device of a training that is about to start."""
    kinds = trainer.prepared.fields.all
    return RunInfo(
        str(trainer.run.path),
        trainer.model.size(),
        {name: len(split) for name, split in trainer.prepared.splits.items()},
        {name: kind.summary for name, kind in kinds.items()},
        trainer.precision,
        str(trainer.device),
        trainer.steps,
        trainer.step,
        trainer.processes.world_size,
        next(iter(trainer.prepared.outputs.values())).loss_unit,
    )
