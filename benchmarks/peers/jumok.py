"""jumok: the steps of `jumok train`, and its search."""

from pathlib import Path
from typing import Any

import torch

from jumok.data.text.specials import BANNED
from jumok.dataset import Prepared, prepare
from jumok.device import autocast
from jumok.experiment import read_experiment
from jumok.experiment.options import Experiment
from jumok.kinds.catalogue import build_model
from jumok.machine import tune_process
from jumok.predictor.model_folder import cast_weights_bf16
from jumok.runs.folder import RunFolder
from jumok.search import BeamSearch, Greedy, SearchRequest
from jumok.training.distributed import SingleProcess
from jumok.training.environment import installed
from jumok.training.loop import Trainer
from jumok.training.reporter import NullReporter
from peers.job import BATCH_TOKENS, BOS, DROPOUT, EOS, SIZES, SMOOTHING, Job, Meter, read_pairs, time_decoding

# jumok's budget is for the longer side of every pair; with this one its batches have BATCH_TOKENS target tokens on
# average, as the others' have.
BUDGET = round(BATCH_TOKENS * 4096 / 3518)


def versions(job: Job) -> dict[str, Any]:
    return {"jumok": installed("jumok"), "torch": torch.__version__}


def experiment_of(recipe: Path, data: Path, size: str) -> Experiment:
    """The recipe on the data of this folder, in another size."""
    shape = SIZES[size]
    parts = {"train": "train", "valid": "val", "test": "test_2016_flickr"}
    sides = {"german": "de", "english": "en"}
    files = [
        f"data.{part}.lines.{side}={data.resolve() / name}.{language}.gz"
        for part, name in parts.items()
        for side, language in sides.items()
    ]
    changes = [
        f"inputs.german.encoder.layers={shape.layers}",
        f"outputs.english.decoder.layers={shape.layers}",
        f"model.width={shape.width}",
        f"model.feedforward={shape.feedforward}",
        f"model.heads={shape.heads}",
        f"model.dropout={DROPOUT}",
        "model.positions=sinusoidal",  # as the others
        f"training.label_smoothing={SMOOTHING}",
        f"training.batch_tokens={BUDGET}",
    ]
    return read_experiment(recipe, files + changes)


def prepared(job: Job) -> tuple[Experiment, Prepared]:
    experiment = experiment_of(Path(job.recipe), Path(job.data), job.size)
    return experiment, prepare(experiment, print)


def train(job: Job) -> dict[str, Any]:
    tune_process()  # as `jumok train` does
    experiment, data = prepared(job)
    trainer = Trainer(experiment, RunFolder(job.place / "jumok-run"), data, NullReporter(), SingleProcess())
    trainer.model.train()
    meter = Meter(job)
    for _ in range(job.warmup + job.steps):
        before = trainer.tokens
        trainer.train_step()
        meter.step(trainer.tokens - before)
    return meter.result(trainer.precision, trainer.model.size())


def decode(job: Job) -> dict[str, Any]:
    """As `jumok predict` does, with `--precision bf16` or without."""
    tune_process()
    experiment, data = prepared(job)
    torch.manual_seed(1)
    model = build_model(data.fields, experiment.model).eval()
    if job.precision == "bf16":
        cast_weights_bf16(model)
    german, english = data.inputs["german"], model.decoders["english"]
    banned = (*BANNED, EOS)  # an answer ends only at the limit

    @torch.inference_mode()
    def answer(sources: list[list[int]], beam: int) -> list[list[int]]:
        search = Greedy(banned) if beam == 1 else BeamSearch(beam, forbidden_tokens=banned)
        with autocast(torch.device("cpu"), job.precision):
            memory = model.encode({"german": german.codec.collate(sources)}).joined
            found = search(english, memory, SearchRequest(BOS, EOS, job.answer))
        return [hypotheses[0].tokens for hypotheses in found]

    sources, _ = read_pairs(job, "test")
    return time_decoding(job, sources, answer)
