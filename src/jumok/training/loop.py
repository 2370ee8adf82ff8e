"""The training loop. It knows no task: kinds give losses and scores, the model encodes and decodes."""

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from jumok.data import batching
from jumok.dataset import Prepared
from jumok.device import NO_BF16, autocast, seed_device, usable_precision
from jumok.errors import Interrupted, RunError
from jumok.evaluation.answers import predict_split, score_prefix
from jumok.kinds.catalogue import build_model
from jumok.model import EncoderDecoder
from jumok.predictor import Predictor, save_weights, weights_of
from jumok.runs.folder import RunFolder
from jumok.training.averaging import Average, ExponentialAverage, SnapshotAverage
from jumok.training.batches import Batches, DataPosition, PendingBatch
from jumok.training.budget import measured_pace
from jumok.training.checkpoint import Checkpoint, Checkpoints, require_same
from jumok.training.device import device_of
from jumok.training.distributed import Distributed
from jumok.training.distributed_predictor import DistributedPredictor
from jumok.training.early_stopping import EarlyStopping
from jumok.training.loss import RunningLoss, joint_loss, split_losses
from jumok.training.optimizer import build_optimizer, clip_gradients, optimizer_tensors, restore_optimizer
from jumok.training.parallel import BatchLoss, replicate
from jumok.training.planning import (
    most_examples,
    planned_evaluations,
    planned_learning_rate,
    planned_steps,
    steps_within,
)
from jumok.training.precision import choose_precision, now
from jumok.training.reporter import EvaluationInfo, Progress, Reporter
from jumok.training.schedule import Schedule
from jumok.training.sharding import copy_full_into, gather
from jumok.training.signals import stop_signals
from jumok.training.starting import start_in_closed_form
from jumok.training.weighting import build_weights
from jumok.wording import quantity

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment, TrainingOptions

OTHER_RANK = 2_654_435_761  # far from any step: the seed of a process's dropout, modulo 2^32, is its own
MAX_NONFINITE_STEPS = 20  # steps in a row whose gradients are not finite, before training gives up


class Trainer:
    """One model in training: its batches, its step, its evaluations, its checkpoints.

    Of several processes each has a trainer, and all call the same methods; what they decide by is the same in all.
    """

    def __init__(
        self,
        experiment: "Experiment",
        run: RunFolder,
        prepared: Prepared,
        reporter: Reporter,
        processes: Distributed,
    ) -> None:
        self.run, self.reporter, self.prepared, self.processes = run, reporter, prepared, processes
        self.options: TrainingOptions = experiment.training
        devices = processes.all_gather(lambda: str(device_of(self.options.device, processes)))
        self.device = torch.device(devices[processes.rank])
        self.train, self.valid = prepared.splits["train"], prepared.splits["valid"]
        torch.manual_seed(self.options.seed)
        self.model = build_model(prepared.fields, experiment.model)
        losses = BatchLoss(self.model, self.train, self.options.label_smoothing)
        self.replica = replicate(losses, self.device, processes, self.options.shard)
        most = most_examples(prepared.fields)
        self.batch_size = self.options.batch_size or most
        mixed = self.options.batching == "mixed" or (self.options.batching is None and most is not None)
        self.batches = Batches(
            self.train,
            self.options.batch_tokens,
            self.batch_size,
            self.options.seed,
            mixed,
            processes,
            ahead=self.device.type != "cpu",
            dropout=self.options.modality_dropout,
        )
        self.experiment = self._resolve_auto(experiment)
        self.options = self.experiment.training
        self.precision = usable_precision(self.device, self.options.precision)  # type: ignore[arg-type]
        if self.precision != self.options.precision:
            reporter.message(NO_BF16)
        self.begin()
        self.settle(self.options.steps or planned_steps(len(self.batches.plan), self.options.accumulate))
        if self.options.minutes is not None and not processes.broadcast(lambda: run.has_begun):
            self.settle(min(self.options.steps or sys.maxsize, self._steps_in_budget(self.options.minutes)))
        self.checkpoints = Checkpoints(run.checkpoints, self.options.keep, warn=reporter.message)

    def begin(self) -> None:
        """Stand before the first step."""
        options = self.options
        self.optimizer = build_optimizer(
            self.model,
            self.learning_rate,
            options.betas,
            1e-9,
            options.weight_decay,
            options.muon_factor if options.optimizer == "muon" else None,
        )
        self.average = build_average(self.model, self.options)
        self.weights = build_weights(self.options, self.prepared.outputs)
        self.step, self.seconds, self.unsound = 0, 0.0, 0
        self.losses, self.since = RunningLoss(self.prepared.outputs), 0.0  # since the last evaluation
        self.step_loss = float("nan")
        self.batches.move(DataPosition(0, 0))

    def settle(self, steps: int) -> None:
        """Train so many steps: everything that depends on their number follows."""
        self.steps = steps
        options = self.options = self.options.model_copy(update={"steps": steps})
        self.experiment = self.experiment.model_copy(update={"training": options})
        self.schedule = Schedule(options.schedule, self.learning_rate, options.warmup_of(steps), steps)
        outputs, name = self.prepared.outputs, self.experiment.selection.output
        metric = outputs[name].scoring.selection_metric()
        selected = score_prefix(name, outputs) + metric.name
        self.best = EarlyStopping(selected, metric.higher_is_better, options.patience, steps)
        searches, every = self.searches, options.evaluate_every
        self.evaluations = planned_evaluations(
            steps, len(self.valid), self.examples_a_step, searches, every, options.evaluate_examples
        )

    @property
    def searches(self) -> bool:
        """Whether an answer is searched for token by token."""
        return any(output.is_autoregressive for output in self.prepared.outputs.values())

    @property
    def examples_a_step(self) -> float:
        """The mean number of examples in a step of the optimizer."""
        return self.options.accumulate * len(self.train) / len(self.batches.plan)

    def _steps_in_budget(self, minutes: float) -> int:
        """Steps that fit into some minutes, by the pace of the first ones, which are taken back."""
        pace = measured_pace(self)
        steps = steps_within(60 * minutes, pace)
        self.reporter.message(
            f"training.minutes: {minutes:g} min are enough for {quantity(steps, 'step')} "
            f"(a step takes {1000 * pace:,.0f} ms here)"
        )
        return steps

    def _resolve_auto(self, experiment: "Experiment") -> "Experiment":
        """Settle what depends on machine and data: the precision, and how long an answer may be."""
        training, decoding = experiment.training, experiment.decoding
        self.learning_rate = training.learning_rate or planned_learning_rate(
            self.prepared.fields, experiment.model
        )
        training = training.model_copy(update={"learning_rate": self.learning_rate})
        if training.precision == "auto":
            first = self.processes.broadcast
            chosen = choose_precision(
                self.device, self._trial, self.reporter.message, clock=lambda: first(now), decide=first
            )
            self.reporter.message(f"computing in {chosen.precision}: {chosen.reason}")
            training = training.model_copy(update={"precision": chosen.precision})
        if decoding.max_tokens is None:
            longest = max(int(self.train.lengths(name).max()) for name in self.prepared.outputs)
            decoding = decoding.model_copy(update={"max_tokens": longest + longest // 4 + 10})
        return experiment.model_copy(update={"training": training, "decoding": decoding})

    def _trial(self, share: float) -> None:
        """One forward and backward on a share of a batch of the middle length, leaving no trace in the model."""
        plan = batching.longest_first(self.train.all_lengths(), self.options.batch_tokens, self.batch_size)
        before = [(buffer, buffer.clone()) for buffer in self.model.buffers()]  # of batch norms
        rows = plan[len(plan) // 2]
        batch = self.train.batch(rows[: max(min(2, len(rows)), round(share * len(rows)))])
        totals = self.replica.losses(batch.to(self.device))
        joint_loss(dict.fromkeys(totals, 1.0), totals, dict.fromkeys(totals, 1.0)).backward()
        self.model.zero_grad(set_to_none=True)
        for buffer, value in before:
            buffer.copy_(value)

    def train_step(self) -> None:
        """One step of the optimizer, over `accumulate` batches."""
        self.step += 1
        # dropout: a function of seed, step and rank
        seed_device(self.options.seed * 1_000_003 + self.step + self.processes.rank * OTHER_RANK, self.device)
        rate = self.schedule(self.step)
        self.optimizer.set_learning_rate(rate)
        batches = [self.batches.next() for _ in range(self.options.accumulate)]
        outputs = self.prepared.outputs
        counts = self.train.target_counts(np.concatenate([planned.rows for planned in batches]))
        # gradients are averaged over processes, and should be summed
        shares = {name: count / self.processes.world_size for name, count in counts.items()}
        sums, weights = dict.fromkeys(outputs, 0.0), self.weights.values()
        for number, planned in enumerate(batches, 1):
            with self.replica.gradient_sync(number == len(batches)):
                with autocast(self.device, self.precision):
                    totals = self._local_losses(planned)
                joint_loss(weights, totals, shares).backward()
            sums = {name: loss + float(totals[name].detach()) for name, loss in sums.items()}
        norm = clip_gradients(self.model.parameters(), self.options.clip or float("inf"))
        step = RunningLoss(outputs)
        step.add({name: self.processes.sum(loss) for name, loss in sums.items()}, counts)
        self._optimizer_step(norm, step.means)
        self.optimizer.zero_grad()
        self.losses.add(step.totals, step.counts)
        self.step_loss = step.joint

    def _local_losses(self, planned: PendingBatch) -> dict[str, Tensor]:
        """The losses of this process's rows of a batch, sums by output; nothing where it has none of its own."""
        totals: dict[str, Tensor] = self.replica.losses(planned.batch.result().to(self.device))
        return totals if planned.is_mine else {name: total * 0.0 for name, total in totals.items()}

    def _optimizer_step(self, norm: float, losses: Mapping[str, float]) -> None:
        """Take the step, unless the gradients are not finite."""
        if np.isfinite(norm):
            self.optimizer.step()
            self.weights.step(losses, self.schedule(self.step))
            self.average.step()
            self.unsound = 0
            return
        self.unsound += 1
        if self.unsound >= MAX_NONFINITE_STEPS:
            raise RunError(
                f"{MAX_NONFINITE_STEPS} steps in a row had gradients that are not finite (step {self.step}); "
                "lower training.learning_rate, or set training.precision: fp32"
            )

    def evaluate(self) -> None:
        """Score the averaged weights on the valid part; keep them when they are the best so far."""
        self.average.before_evaluation()
        with self.average.averaged_weights():
            self.model.eval()
            with self.replica.unsharded():
                with autocast(self.device, self.precision):
                    losses = split_losses(
                        self.model,
                        self.valid,
                        self.options.batch_tokens,
                        self.batch_size,
                        self.device,
                        self.processes,
                    )
                metrics = self._metrics()
            self.model.train()
            better = self.best.update(metrics.get(self.best.metric, float("nan")), losses.joint, self.step)
            self._keep(better)
        self.processes.broadcast(lambda: self._log(self.losses, losses, metrics))
        self.reporter.on_evaluation(
            EvaluationInfo(
                self.step, self.batches.place.epoch, losses.joint, metrics, self.best.metric, better
            )
        )
        self.losses, self.since = RunningLoss(self.prepared.outputs), self.seconds

    def _metrics(self) -> dict[str, float]:
        """The scores of greedy answers to the valid part, or to some of it."""
        predictor = Predictor(
            self.model,
            self.prepared.fields,
            self.experiment.decoding.model_copy(update={"method": "greedy", "precision": self.precision}),
        )
        divided = DistributedPredictor(predictor, self.processes)
        answered = predict_split(divided, self.valid, self.evaluations.examples)
        return self.processes.broadcast(answered.values)

    def _keep(self, good: bool) -> None:
        """Write the model as the best one, if it is good or the only one."""
        if self.processes.broadcast(lambda: good or not self.run.weights.exists()):
            weights = gather(weights_of(self.model), self.processes.is_first)
            self.processes.broadcast(lambda: save_weights(self.run.model, weights, {"step": str(self.step)}))

    def _log(self, train: RunningLoss, valid: RunningLoss, metrics: dict[str, float]) -> None:
        place = {"step": self.step, "epoch": self.batches.epochs}
        rate = {"learning_rate": self.schedule(self.step), "seconds": self.seconds}
        if self.step:
            self.run.append({**place, "split": "train", **train.to_log(), **self.weights.to_log(), **rate})
        self.run.append({**place, "split": "valid", **valid.to_log(), **metrics})

    def save(self, finished: bool = False) -> None:
        """Write a checkpoint from which training goes on as if it had never stopped, in any number of processes."""
        groups = {
            "model": {name: value.detach() for name, value in weights_of(self.model).items()},
            "optimizer": optimizer_tensors(self.optimizer, self.model),
            "average": self.average.tensors(),
        }
        tensors = {name: gather(group, self.processes.is_first) for name, group in groups.items()}
        tensors |= self.weights.tensors()
        state = {
            "epoch": self.batches.place.epoch,
            "position": self.batches.place.position,
            "seconds": self.seconds,
            "tokens": self.losses.counts,
            "loss": self.losses.totals,
            "since": self.since,
            "unsound": self.unsound,
            "best": self.best.state(),
            "average": self.average.state(),
            "data": self.train.texts.digest,
            "valid": self.valid.texts.digest,
            "finished": finished,
            "steps": self.steps,
        }
        self.processes.broadcast(lambda: str(self.checkpoints.save(self.step, tensors, state)))

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint."""
        state = checkpoint.state
        valid = self.valid.texts.digest
        for what, here, then in (
            ("training", self.train.texts.digest, state["data"]),
            ("valid", valid, state.get("valid", valid)),
        ):
            if here != then:
                raise RunError(
                    f"{self.run.path}: the {what} data changed since this run began; choose another folder by --run, "
                    "or bring back the old data"
                )
        weights = weights_of(self.model)
        require_same(checkpoint.tensors["model"], weights, "the weights of the model")
        for name, weight in weights.items():
            copy_full_into(weight, checkpoint.tensors["model"][name])
        restore_optimizer(self.optimizer, self.model, checkpoint.tensors["optimizer"])
        self.average.restore(checkpoint.tensors["average"], state["average"])
        self.weights.restore(checkpoint.tensors)
        self.best.restore(state["best"])
        self.step = checkpoint.step
        self.batches.move(DataPosition(state["epoch"], state["position"]))
        self.losses.restore(state["loss"], state["tokens"])
        self.since = state["since"]
        self.seconds, self.unsound = state["seconds"], state["unsound"]

    def start(self) -> None:
        """Take the weights that outputs find in closed form, if any does: they are the first that are evaluated."""
        if start_in_closed_form(self):
            self.begin()
            self.evaluate()
            self.save()

    def is_finished(self, state: Mapping[str, Any]) -> bool:
        """Whether nothing is left to do after a restored checkpoint, of a training of so many steps at least."""
        enough = bool(state["finished"]) and self.steps <= state["steps"]
        return enough and (self.step >= state["steps"] or self.best.should_stop)

    def fit(self) -> None:
        """Train until the last step, or until patience is out; Interrupted after saving when the user stops it."""
        self.model.train()
        with stop_signals(once=self.processes.world_size == 1) as stop:
            while self.step < self.steps and not self.best.should_stop:
                started = time.perf_counter()
                self.train_step()
                self.seconds += time.perf_counter() - started
                self._report()
                due = self.step % self.evaluations.every == 0 or self.step == self.steps
                if due:
                    self.evaluate()
                    self.save(finished=self.step >= self.steps or self.best.should_stop)
                if self.processes.sum(stop.is_set()):
                    if not due:
                        self.save()
                    raise Interrupted

    def _report(self) -> None:
        speed = self.losses.count / max(self.seconds - self.since, 1e-9)
        loss, rate = self.losses.joint, self.schedule(self.step)
        at = self.step, self.steps, self.batches.place.epoch
        self.reporter.on_step(Progress(*at, loss, rate, speed, self.seconds, self.step_loss))


def build_average(model: EncoderDecoder, options: "TrainingOptions") -> Average:
    """The average of the weights that the options ask for."""
    if options.average == "ema":
        return ExponentialAverage(model, options.ema_decay)
    return SnapshotAverage(model, options.average_last if options.average == "last" else 0)
