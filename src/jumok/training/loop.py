"""The training loop. It knows no task: kinds give losses and scores, the model encodes and decodes."""

import time

import numpy as np
import torch
from torch import Tensor

from jumok.data import batching
from jumok.dataset import Prepared
from jumok.device import autocast
from jumok.errors import RunError
from jumok.evaluation import answer
from jumok.experiment.options import Experiment, TrainingOptions
from jumok.kinds.fitting import build_model
from jumok.model import EncoderDecoder
from jumok.predictor import Predictor, save_weights, weights_of
from jumok.training.averaging import Average, ExponentialAverage, LastAverage, NoAverage
from jumok.training.checkpoint import Checkpoint, Checkpoints, require_same
from jumok.training.device import device_of
from jumok.training.dividing import DividedPredictor
from jumok.training.loss import split_loss
from jumok.training.optimizer import build_optimizer, clip_gradients, optimizer_tensors, restore_optimizer
from jumok.training.parallel import BatchLoss, replicate
from jumok.training.precision import choose_precision, now
from jumok.training.processes import Processes
from jumok.training.reporter import Evaluated, Progress, Reporter
from jumok.training.run import RunFolder
from jumok.training.schedule import Schedule
from jumok.training.sharding import fill, gathered
from jumok.training.signals import Interrupted, stop_signals
from jumok.training.stopping import Best

OTHER_RANK = 2_654_435_761  # far from any step: the seed of a process's dropout, modulo 2^32, is its own
UNSOUND = 20  # steps in a row whose gradients are not finite, before training gives up


class Trainer:
    """One model in training: its batches, its step, its evaluations, its checkpoints.

    Of several processes each has a trainer, and all call the same methods; what they decide by is the same in all.
    """

    def __init__(
        self,
        experiment: Experiment,
        run: RunFolder,
        prepared: Prepared,
        reporter: Reporter,
        processes: Processes,
    ) -> None:
        self.run, self.reporter, self.prepared, self.processes = run, reporter, prepared, processes
        self.options: TrainingOptions = experiment.training
        devices = processes.from_all(lambda: str(device_of(self.options.device, processes)))
        self.device = torch.device(devices[processes.rank])
        self.train, self.valid = prepared.splits["train"], prepared.splits["valid"]
        torch.manual_seed(self.options.seed)
        self.model = build_model(prepared.fields, experiment.model)
        losses = BatchLoss(self.model, self.train, self.options.label_smoothing)
        self.replica = replicate(losses, self.device, processes, self.options.shard)
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
            chosen, seconds = choose_precision(
                self.device, self._trial, clock=lambda: self.processes.from_first(now)
            )
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
        self._share_of_loss(plan[len(plan) // 2]).backward()
        self.model.zero_grad(set_to_none=True)

    def _plan(self) -> list[np.ndarray]:
        """The batches of this epoch: a pure function of seed and epoch."""
        lengths = self.train.all_lengths()
        mixed = self.options.batching == "mixed"
        return batching.plan(lengths, self.options.batch_tokens, self.options.seed, self.epoch, mixed)

    def next_batch(self) -> np.ndarray:
        """The rows of the next batch, those of all processes."""
        if self.position == len(self.plan):
            self.epoch, self.position = self.epoch + 1, 0
            self.plan = self._plan()
        self.position += 1
        return self.plan[self.position - 1]

    def train_step(self) -> None:
        """One step of the optimizer, over `accumulate` batches."""
        self.step += 1
        # dropout: a function of seed, step and rank
        torch.manual_seed(self.options.seed * 1_000_003 + self.step + self.processes.rank * OTHER_RANK)
        rate = self.schedule(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        batches = [self.next_batch() for _ in range(self.options.accumulate)]
        tokens = sum(self.train.target_count(rows) for rows in batches)
        share = tokens / self.processes.number  # gradients are averaged over processes, and should be summed
        loss = 0.0
        for number, rows in enumerate(batches, 1):
            with self.replica.exchanging(last=number == len(batches)):
                with autocast(self.device, self.options.precision):  # type: ignore[arg-type]
                    total = self._share_of_loss(rows)
                (total / share).backward()
            loss += float(total.detach())
        norm = clip_gradients(self.model.parameters(), self.options.clip or float("inf"))
        self._apply(norm)
        self.optimizer.zero_grad(set_to_none=True)
        self.tokens, self.loss = self.tokens + tokens, self.loss + self.processes.sum(loss)

    def _share_of_loss(self, rows: np.ndarray) -> Tensor:
        """The loss of this process's rows of a batch, a sum.

        A process that has none takes the first one, which counts nothing here, for all must meet on the way.
        """
        mine = rows[self.processes.rank :: self.processes.number]
        batch = self.train.batch(mine if len(mine) else rows[:1]).to(self.device)
        total: Tensor = self.replica.losses(batch)
        return total if len(mine) else total * 0.0

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
            with self.replica.whole():
                with autocast(self.device, self.options.precision):  # type: ignore[arg-type]
                    loss = split_loss(
                        self.model, self.valid, self.options.batch_tokens, self.device, self.processes
                    )
                metrics = self._metrics()
            self.model.train()
            better = self.best.update(metrics[self.best.metric], self.step)
            as_good = metrics[self.best.metric] == self.best.value  # of equals, the one trained longer
            self._keep(better or as_good)
        self.processes.from_first(lambda: self._log(train_loss, loss, metrics))
        self.reporter.evaluated(Evaluated(self.step, self.epoch, loss, metrics, self.best.metric, better))
        self.tokens, self.loss, self.since = 0, 0.0, self.seconds

    def _metrics(self) -> dict[str, float]:
        """The scores of greedy answers to the valid part, or to some of it."""
        predictor = Predictor(
            self.model,
            self.prepared.fields,
            self.experiment.decoding.model_copy(
                update={"method": "greedy", "precision": self.options.precision}
            ),
        )
        divided = DividedPredictor(predictor, self.processes)
        answered = answer(divided, self.valid, self.options.evaluate_examples)
        return self.processes.from_first(answered.values)

    def _keep(self, good: bool) -> None:
        """Write the model as the best one, if it is good or the only one."""
        file = self.run.model / "model.safetensors"
        if self.processes.from_first(lambda: good or not file.exists()):
            weights = gathered(weights_of(self.model), self.processes.is_first)
            self.processes.from_first(lambda: save_weights(self.run.model, weights, {"step": str(self.step)}))

    def _log(self, train_loss: float, loss: float, metrics: dict[str, float]) -> None:
        place = {"step": self.step, "epoch": self.epoch + self.position / len(self.plan)}
        rate = {"learning_rate": self.schedule(self.step), "seconds": self.seconds}
        self.run.append({**place, "split": "train", "loss": train_loss, **rate})
        self.run.append({**place, "split": "valid", "loss": loss, **metrics})

    def save(self, finished: bool = False) -> None:
        """Write a checkpoint from which training goes on as if it had never stopped, in any number of processes."""
        groups = {
            "model": {name: value.detach() for name, value in self.model.named_parameters()},
            "optimizer": optimizer_tensors(self.optimizer, self.model),
            "average": self.average.tensors(),
        }
        tensors = {name: gathered(group, self.processes.is_first) for name, group in groups.items()}
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
        self.processes.from_first(lambda: str(self.checkpoints.save(self.step, tensors, state)))

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint."""
        state = checkpoint.state
        if state["data"] != self.train.texts.digest:
            raise RunError(
                f"{self.run.path}: the training data changed since this run began; choose another folder by --run"
            )
        parameters = dict(self.model.named_parameters())
        require_same(checkpoint.tensors["model"], parameters, "the weights of the model")
        for name, parameter in parameters.items():
            fill(parameter, checkpoint.tensors["model"][name])
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
        with stop_signals(once=self.processes.number == 1) as stop:
            while self.step < self.options.steps and not self.best.exhausted:
                started = time.perf_counter()
                self.train_step()
                self.seconds += time.perf_counter() - started
                self._tell()
                due = self.step % self.options.evaluation_steps == 0 or self.step == self.options.steps
                if due:
                    self.evaluate()
                    self.save(finished=self.step >= self.options.steps or self.best.exhausted)
                if self.processes.sum(stop.is_set()):
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


def build_average(model: EncoderDecoder, options: TrainingOptions) -> Average:
    if options.average == "ema":
        return ExponentialAverage(model, options.ema_decay)
    return LastAverage(model, options.average_last) if options.average == "last" else NoAverage()
