"""Eole: its Transformer and its training loop; the report manager is ours, to read the clock after each step."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import eole
import torch
from eole import train_single
from eole.config.run import TrainConfig
from eole.utils.statistics import Statistics

from peers.job import BATCH_TOKENS, DROPOUT, SMOOTHING, Job, Meter, names, read_pairs


def versions(job: Job) -> dict[str, Any]:
    return {"eole": eole.__version__, "torch": torch.__version__}


def write_text(job: Job, folder: Path) -> None:
    """The training data as Eole reads them: words with spaces between, without end marks, and the vocabulary."""
    words = names(job)
    for side, rows in zip(("source", "target"), read_pairs(job, "train"), strict=True):
        lines = (" ".join(words[number] for number in row[:-1]) for row in rows)
        (folder / side).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "vocabulary").write_text("\n".join(words) + "\n", encoding="utf-8")


def config_of(job: Job, folder: Path) -> TrainConfig:
    """A bucket is the whole corpus, and batches are made in the training process: there are only a few cores."""
    shape, sentences = job.shape, len(read_pairs(job, "train")[0])
    block = {"heads": shape.heads, "transformer_ff": shape.feedforward, "layers": shape.layers}
    return TrainConfig(
        seed=1,
        src_vocab=str(folder / "vocabulary"),
        share_vocab=True,
        data={"corpus": {"path_src": str(folder / "source"), "path_tgt": str(folder / "target")}},
        model={
            "architecture": "transformer",
            "hidden_size": shape.width,
            "embeddings": {"word_vec_size": shape.width, "position_encoding_type": "SinusoidalInterleaved"},
            "share_embeddings": True,
            "share_decoder_embeddings": True,
            "add_qkvbias": True,
            "add_ffnbias": True,
            **block,
        },
        training={
            "model_path": str(folder / "model"),
            "batch_type": "tokens",
            "batch_size": BATCH_TOKENS,
            "normalization": "tokens",
            "bucket_size": sentences,
            "num_workers": 0,
            "train_steps": job.warmup + job.steps,
            "compute_dtype": job.precision,
            "optim": "adamw",
            "learning_rate": 1e-3,
            "max_grad_norm": 1.0,
            "dropout": [DROPOUT],
            "attention_dropout": [0.0],
            "label_smoothing": SMOOTHING,
            "param_init_method": "xavier_uniform",
            "world_size": 0,
        },
    )


class Clock:
    """A report manager that tells the meter of each step."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.start_time = 0.0

    def report_training(self, *args: Any, **kwargs: Any) -> Statistics:
        statistics = next(arg for arg in args if isinstance(arg, Statistics))
        self.meter.step(int(statistics.n_tokens))
        return Statistics()

    def start(self) -> None: ...
    def report_step(self, *args: Any, **kwargs: Any) -> None: ...
    def close(self) -> None: ...


def train(job: Job) -> dict[str, Any]:
    folder = job.place / "eole-run"
    folder.mkdir(exist_ok=True)
    write_text(job, folder)
    meter, made = Meter(job), []
    build: Callable[..., Any] = train_single.build_trainer

    def build_trainer(*args: Any, **kwargs: Any) -> Any:
        trainer = build(*args, **kwargs)
        trainer.report_manager, trainer.model_saver = Clock(meter), None
        made.append(trainer)
        return trainer

    train_single.build_trainer = build_trainer
    config = config_of(job, folder)
    config._validate_vocab_config()
    train_single.main(config, -1)
    return meter.result(job.precision, sum(p.numel() for p in made[0].model.parameters()))
