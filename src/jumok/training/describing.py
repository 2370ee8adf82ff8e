"""What is going to be trained, in counts and names."""

from jumok.training.loop import Trainer
from jumok.training.reporter import Began


def describe(trainer: Trainer) -> Began:
    kinds = trainer.prepared.fields.all
    return Began(
        str(trainer.run.path),
        trainer.model.size(),
        {name: len(split) for name, split in trainer.prepared.splits.items()},
        {name: kind.summary for name, kind in kinds.items()},
        trainer.precision,
        str(trainer.device),
        trainer.steps,
        trainer.step,
        trainer.processes.number,
        next(iter(trainer.prepared.outputs.values())).counted,
    )
