"""The training loop. It knows no task: kinds give losses and scores, the model encodes and decodes."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import numpy as np
import torch
from torch import Tensor

from jumok.data import batching
from jumok.dataset import Batch, Prepared
from jumok.errors import RunError
from jumok.evaluation import answer
from jumok.experiment.options import Experiment, TrainingOptions
from jumok.kinds.fitting import build_model
from jumok.model import EncoderDecoder
from jumok.predictor import Predictor, save_weights
from jumok.training.averaging import Average, ExponentialAverage, LastAverage, NoAverage
from jumok.training.checkpoint import Checkpoint, Checkpoints, require_same
from jumok.training.loss import batch_loss, split_loss
from jumok.training.optimizer import build_optimizer, clip_gradients, optimizer_tensors, restore_optimizer
from jumok.training.precision import autocast, choose_precision
from jumok.training.reporter import Evaluated, Progress, Reporter
from jumok.training.run import RunFolder
from jumok.training.schedule import Schedule
from jumok.training.stopping import Best

UNSOUND = 20  # steps in a row whose gradients are not finite, before training gives up


class Interrupted(Exception):
    """The user stopped the training; it was saved and can go on."""


class Trainer:
    """One model in training: its batches, its step, its evaluations, its checkpoints."""

    def __init__(
        self, experiment: Experiment, run: RunFolder, prepared: Prepared, reporter: Reporter
    ) -> None:
        self.run, self.reporter, self.prepared = run, reporter, prepared
        self.options: TrainingOptions = experiment.training
        self.device = choose_device(self.options.device)
        self.train, self.valid = prepared.splits["train"], prepared.splits["valid"]
        torch.manual_seed(self.options.seed)
        self.model = build_model(prepared.inputs, prepared.outputs, experiment.model).to(self.device)
        self.experiment = self._find_out(experiment)
        self.options = self.experiment.training
        self.optimizer = build_optimizer(
            self.model, self.options.learning_rate, self.options.betas, 1e-9, self.options.weight_decay
        )
        self.schedule = Schedule(
            self.options.schedule, self.options.learning_rate, self.options.warmup_steps, self.options.steps
        )
        self.average = build_average(self.model, self.options)
        (output,) = prepared.outputs.values()
        metric = output.choosing_metric()
        self.best = Best(metric.name, metric.higher_is_better, self.options.patience)
        self.checkpoints = Checkpoints(run.checkpoints, self.options.keep, warn=reporter.said)
        self.step, self.epoch, self.position, self.seconds, self.unsound = 0, 0, 0, 0.0, 0
        self.plan = self._plan()
        self.tokens, self.loss, self.since = 0, 0.0, 0.0  # since the last evaluation, for the display

    def _find_out(self, experiment: Experiment) -> Experiment:
        """Settle what depends on machine and data: the precision, and how long an answer may be."""
        training, decoding = experiment.training, experiment.decoding
        if training.precision == "auto":
            chosen, seconds = choose_precision(self.device, self._trial)
            times = ", ".join(f"{name} {1000 * value:.0f} ms" for name, value in seconds.items())
            self.reporter.said(f"computing in {chosen} (one batch forward and backward: {times})")
            training = training.model_copy(update={"precision": chosen})
        if decoding.max_tokens is None:
            longest = max(int(self.train.lengths(name).max()) for name in self.prepared.outputs)
            decoding = decoding.model_copy(update={"max_tokens": longest + longest // 4 + 10})
        return experiment.model_copy(update={"training": training, "decoding": decoding})

    def _trial(self) -> None:
        """One forward and backward on a batch of the middle length, leaving no gradients."""
        plan = batching.in_order(self.train.all_lengths(), self.options.batch_tokens)
        batch = self.train.batch(plan[len(plan) // 2]).to(self.device)
        batch_loss(self.model, self.train, batch, self.options.label_smoothing).total.backward()
        self.model.zero_grad(set_to_none=True)

    def _plan(self) -> list[np.ndarray]:
        """The batches of this epoch: a pure function of seed and epoch."""
        lengths = self.train.all_lengths()
        mixed = self.options.batching == "mixed"
        return batching.plan(lengths, self.options.batch_tokens, self.options.seed, self.epoch, mixed)

    def next_batch(self) -> Batch:
        if self.position == len(self.plan):
            self.epoch, self.position = self.epoch + 1, 0
            self.plan = self._plan()
        batch = self.train.batch(self.plan[self.position])
        self.position += 1
        return batch.to(self.device)

    def train_step(self) -> None:
        """One step of the optimizer, over `accumulate` batches."""
        self.step += 1
        torch.manual_seed(self.options.seed * 1_000_003 + self.step)  # dropout: a function of seed and step
        rate = self.schedule(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        batches = [self.next_batch() for _ in range(self.options.accumulate)]
        tokens = sum(int(value.valid.sum()) for batch in batches for value in batch.outputs.values())
        loss = 0.0
        for batch in batches:
            with autocast(self.device, self.options.precision):  # type: ignore[arg-type]
                part = batch_loss(self.model, self.train, batch, self.options.label_smoothing)
            (part.total / tokens).backward()
            loss += float(part.total.detach())
        norm = clip_gradients(self.model.parameters(), self.options.clip or float("inf"))
        self._apply(norm)
        self.optimizer.zero_grad(set_to_none=True)
        self.tokens, self.loss = self.tokens + tokens, self.loss + loss

    def _apply(self, norm: float) -> None:
        """Take the step, unless the gradients are not finite."""
        if np.isfinite(norm):
            self.optimizer.step()
            self.average.step()
            self.unsound = 0
            return
        self.unsound += 1
        if self.unsound >= UNSOUND:
            raise RunError(
                f"{UNSOUND} steps in a row had gradients that are not finite (step {self.step}); "
                "lower training.learning_rate, or set training.precision: fp32"
            )

    def evaluate(self) -> None:
        """Score the averaged weights on the valid part; keep them when they are the best so far."""
        self.average.mark()
        train_loss = self.loss / max(self.tokens, 1)
        with self.average.swapped():
            self.model.eval()
            loss = split_loss(self.model, self.valid, self.options.batch_tokens, self.device)
            predictor = Predictor(
                self.model,
                self.prepared.inputs,
                self.prepared.outputs,
                self.experiment.decoding.model_copy(update={"method": "greedy"}),
            )
            metrics = answer(predictor, self.valid, self.options.evaluate_examples).values()
            better = self.best.update(metrics[self.best.metric], self.step)
            as_good = (
                metrics[self.best.metric] == self.best.value
            )  # of equals, the one that was trained longer
            if better or as_good or not (self.run.model / "model.safetensors").exists():
                save_weights(self.run.model, self.model, {"step": str(self.step)})
            self.model.train()
        place = {"step": self.step, "epoch": self.epoch + self.position / len(self.plan)}
        rate = {"learning_rate": self.schedule(self.step), "seconds": self.seconds}
        self.run.append({**place, "split": "train", "loss": train_loss, **rate})
        self.run.append({**place, "split": "valid", "loss": loss, **metrics})
        self.reporter.evaluated(Evaluated(self.step, self.epoch, loss, metrics, self.best.metric, better))
        self.tokens, self.loss, self.since = 0, 0.0, self.seconds

    def save(self, finished: bool = False) -> None:
        """Write a checkpoint from which training goes on as if it had never stopped."""
        tensors: dict[str, dict[str, Tensor]] = {
            "model": {name: value.detach() for name, value in self.model.named_parameters()},
            "optimizer": optimizer_tensors(self.optimizer, self.model),
            "average": self.average.tensors(),
        }
        state = {
            "epoch": self.epoch,
            "position": self.position,
            "seconds": self.seconds,
            "tokens": self.tokens,
            "loss": self.loss,
            "since": self.since,
            "unsound": self.unsound,
            "best": self.best.state(),
            "average": self.average.state(),
            "data": self.train.texts.digest,
            "finished": finished,
            "steps": self.options.steps,
        }
        self.checkpoints.save(self.step, tensors, state)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint."""
        state = checkpoint.state
        if state["data"] != self.train.texts.digest:
            raise RunError(
                f"{self.run.path}: the training data changed since this run began; choose another folder by --run"
            )
        parameters = dict(self.model.named_parameters())
        require_same(checkpoint.tensors["model"], parameters, "the weights of the model")
        with torch.no_grad():
            for name, parameter in parameters.items():
                parameter.copy_(checkpoint.tensors["model"][name])
        restore_optimizer(self.optimizer, self.model, checkpoint.tensors["optimizer"])
        self.average.restore(checkpoint.tensors["average"], state["average"])
        self.best.restore(state["best"])
        self.step, self.epoch, self.position = checkpoint.step, state["epoch"], state["position"]
        self.tokens, self.loss, self.since = state["tokens"], state["loss"], state["since"]
        self.seconds, self.unsound = state["seconds"], state["unsound"]
        self.plan = self._plan()
        if self.best.exhausted:  # it had stopped early, and more steps are asked for
            self.best.waited = 0

    def fit(self) -> None:
        """Train until the last step, or until patience is out; Interrupted after saving when the user stops it."""
        self.model.train()
        with stop_signals() as stop:
            while self.step < self.options.steps and not self.best.exhausted:
                started = time.perf_counter()
                self.train_step()
                self.seconds += time.perf_counter() - started
                self._tell()
                due = self.step % self.options.evaluation_steps == 0 or self.step == self.options.steps
                if due:
                    self.evaluate()
                    self.save(finished=self.step >= self.options.steps or self.best.exhausted)
                if stop.is_set():
                    if not due:
                        self.save()
                    raise Interrupted

    def _tell(self) -> None:
        speed = self.tokens / max(self.seconds - self.since, 1e-9)
        loss = self.loss / max(self.tokens, 1)
        self.reporter.stepped(
            Progress(
                self.step, self.options.steps, self.epoch, loss, self.schedule(self.step), speed, self.seconds
            )
        )


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets; a second Ctrl-C ends at once."""
    stop = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def choose_device(name: str) -> torch.device:
    """The device of this name; `auto` is a GPU where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise RunError(
            f"training.device: {name!r} cannot be used here: {str(error).splitlines()[0]}"
        ) from None
    return device


def build_average(model: EncoderDecoder, options: TrainingOptions) -> Average:
    if options.average == "ema":
        return ExponentialAverage(model, options.ema_decay)
    return LastAverage(model, options.average_last) if options.average == "last" else NoAverage()
