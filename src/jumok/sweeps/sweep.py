"""Search the best options of an experiment: trials that are ordinary runs, and a test of what is only noise."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from jumok.dataset import prepare
from jumok.errors import ConfigurationError, Interrupted, RunError
from jumok.runs.config import write_config
from jumok.runs.layout import RunLayout
from jumok.sweeps.jobs import LocalJobs
from jumok.sweeps.plan import (
    BEST_FILE,
    LOGS,
    REPEATS,
    TRIALS,
    Goal,
    SweepPlan,
    curve_of,
    goal_of,
    locked,
    planned_steps_of,
    score_of,
)
from jumok.sweeps.repeats import AS_WRITTEN, Repeats, repeats_of
from jumok.sweeps.result import SweepResult, write_result
from jumok.sweeps.study import Study, SweepTrial
from jumok.wording import from_to

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

REDRAW_EVERY = 1.0  # seconds without an event, after which the display is drawn anew
REPEATED_TRIALS = 3  # trials that are repeated with other seeds


@dataclass(frozen=True)
class SweepOptions:
    """How a sweep goes."""

    trials: int = 20
    hours: float | None = None  # after which no more trials begin
    processes: int = 1  # trainings at a time
    prunes: bool = True  # whether hopeless trials are ended early
    seeds: int = 3  # with which the best trials are repeated; 0: none
    seed: int = 1  # of the search


class SweepDisplay(Protocol):
    """Who is shown a sweep."""

    def message(self, message: str) -> None: ...
    def show(self, trials: Sequence[SweepTrial], working: Mapping[str, float], goal: Goal) -> None: ...
    def ended(self, trial: SweepTrial, goal: Goal) -> None: ...
    def on_end(self) -> None: ...


class Launcher(Protocol):
    """Runs trainings elsewhere; their events come through `wait`."""

    @property
    def has_room(self) -> bool: ...
    @property
    def working(self) -> Mapping[str, Any]: ...
    def start(self, name: str, experiment: "Experiment", run: Path) -> None: ...
    def wait(self, seconds: float) -> Any: ...
    def stop(self, name: str) -> None: ...


def sweep(
    plan: SweepPlan,
    folder: Path,
    options: SweepOptions,
    display: SweepDisplay,
    launch: Callable[[int, Path], Any] = LocalJobs,
) -> SweepResult:
    """Try options of an experiment, then repeat the best ones with other seeds; the same call goes on after a stop.

    Args:
        plan: Experiment and space.
        folder: Where runs, journal, page and the best options are written.
        options: How it goes.
        display: Who is shown.
        launch: Makes who runs the trainings, of their number at a time and the folder of their logs.

    Returns:
        What was found.

    Raises:
        Interrupted: By Ctrl-C or SIGTERM; the trainings that worked are saved.
        RunError: The folder holds something else, or no trial came to its end.
    """
    with locked(folder, plan):
        prepared = prepare(plan.experiment, display.message, splits=("train", "valid"))
        goal = goal_of(plan.experiment, prepared.outputs)
        study = Study(folder, plan.space, goal.higher_is_better, options.seed)
        try:
            with launch(options.processes, folder / LOGS) as jobs:
                work = Sweep(plan, folder, options, study, goal, jobs, display)
                work.search()
                repeats = work.repeat()
        except KeyboardInterrupt:
            raise Interrupted from None
        finally:
            display.on_end()
        result = SweepResult(goal, plan.space, study.trials(), study.importance(), repeats)
        if not result.ranked:
            failed = [trial.why for trial in result.trials if trial.state == "failed"]
            raise RunError(
                f"{folder}: no trial came to its end; {failed[-1] if failed else 'give more time'}"
            )
        write_config(folder / BEST_FILE, plan.best(result.best_values))
        write_result(folder, result, f"{from_to(plan.experiment.inputs, plan.experiment.outputs)}: sweep")
        return result


class Sweep:
    """A sweep at work."""

    def __init__(
        self,
        plan: SweepPlan,
        folder: Path,
        options: SweepOptions,
        study: Study,
        goal: Goal,
        jobs: Launcher,
        display: SweepDisplay,
    ) -> None:
        self.plan, self.folder, self.options, self.goal = plan, folder, options, goal
        self.study, self.jobs, self.display = study, jobs, display
        self.deadline = time.monotonic() + 3600 * options.hours if options.hours else float("inf")
        self.progress: dict[str, float] = {}  # the share of the steps that are done, by training
        self.hopeless: set[str] = set()  # trials that were asked to end
        self.unfit: set[str] = set()  # why some options do not go together

    def search(self) -> None:
        """Do the trials that are left, those first that an earlier session left."""
        left = [trial for trial in self.study.trials() if trial.state == "running"]
        for interrupted in left:
            self._judge(interrupted.name)
        while True:
            while self.jobs.has_room and (trial := self._next(left)):
                self._start(trial)
            if not self.jobs.working:
                return
            self._follow(self._on_trial)

    def _next(self, left: list[SweepTrial]) -> SweepTrial | None:
        """The trial to be started now, if any."""
        if time.monotonic() > self.deadline:
            return None
        if left:
            return left.pop(0)
        return self.study.begin(self._fits) if len(self.study.trials()) < self.options.trials else None

    def _fits(self, values: Mapping[str, Any]) -> bool:
        """Whether options go together; each reason why some do not is told once."""
        try:
            self.plan.experiment_of(values)
            return True
        except ConfigurationError as error:
            reason = str(error)
        if reason not in self.unfit:
            self.unfit.add(reason)
            self.display.message(f"passed over, for these options do not go together: {reason}")
        return False

    def _start(self, trial: SweepTrial) -> None:
        if trial.name in self.hopeless:  # as an earlier session knew
            self._prune(trial.number)
            return
        if is_done(self.folder / TRIALS / trial.name):
            self._end(trial.number, lambda: self._finish(trial.number, trial.name))
            return
        run = self.folder / TRIALS / trial.name
        self.jobs.start(trial.name, self.plan.experiment_of(trial.values), run)

    def _follow(self, on_event: Callable[[str, str, dict[str, Any]], None]) -> None:
        """Take what the trainings tell, or wait a moment."""
        for event in self.jobs.wait(REDRAW_EVERY):
            if event.name == "step":
                self.progress[event.job] = event.facts["step"] / event.facts["steps"]
            elif event.name == "waiting":
                self.display.message(f"{event.job}: {event.facts['why']}")
            else:
                on_event(event.job, event.name, event.facts)
        working = {name: self.progress.get(name, 0.0) for name in self.jobs.working}
        self.display.show(self.study.trials(), working, self.goal)

    def _on_trial(self, job: str, event: str, facts: dict[str, Any]) -> None:
        number = int(job)
        if event == "evaluation":
            self._judge(job)
        elif event == "failed":
            self._end(number, lambda: self.study.fail(number, facts["why"]))
        elif event == "stopped" and job in self.hopeless:
            self._prune(number)
        elif event == "end":
            self._end(number, lambda: self._finish(number, job))

    def _judge(self, job: str) -> None:
        """Note the best scores so far of a trial, and end it where it is hopeless."""
        points = curve_of(self.folder / TRIALS / job, self.goal)
        steps = planned_steps_of(self.folder / TRIALS / job)
        for i, (step, _) in enumerate(points):
            score = self.goal.best([score for _, score in points[: i + 1]])
            if score is None or step >= steps:
                return
            if self.study.report(int(job), round(100 * step / steps), score) and self.options.prunes:
                self.hopeless.add(job)
                self.jobs.stop(job)

    def _finish(self, number: int, job: str) -> None:
        score = score_of(self.folder / TRIALS / job, self.goal)
        if score is None:
            self.study.fail(number, f"it has no {self.goal.metric} on the valid part")
        else:
            self.study.finish(number, score)

    def _prune(self, number: int) -> None:
        why = "ended early: at this point its score was worse than the median of the others"
        self._end(number, lambda: self.study.prune(number, why))

    def _end(self, number: int, note: Callable[[], None]) -> None:
        note()
        self.display.ended(self.study.trials()[number], self.goal)

    def repeat(self) -> list[Repeats]:
        """Train the best trials, and the experiment as it is written, with seeds that the search did not see."""
        if not self.options.seeds:
            return []
        tops = {trial.name: trial.values for trial in self.study.ranked()[:REPEATED_TRIALS]}
        if not tops:
            return []
        first = self.plan.experiment.training.seed
        wanted = [
            (name, values, first + 1 + i)
            for i in range(self.options.seeds)
            for name, values in {AS_WRITTEN: {}, **tops}.items()
        ]
        folders = {f"{name}-seed-{seed}": (values, seed) for name, values, seed in wanted}
        failed = self._train_all(folders)
        return repeats_of(self.folder / REPEATS, tops, [seed for *_, seed in wanted], failed, self.goal)

    def _train_all(self, wanted: Mapping[str, tuple[Mapping[str, Any], int]]) -> dict[str, str]:
        """Train these in folders of their own; tells why those failed that did."""
        left = {name: one for name, one in wanted.items() if not is_done(self.folder / REPEATS / name)}
        failed: dict[str, str] = {}

        def on_event(job: str, event: str, facts: dict[str, Any]) -> None:
            if event == "failed":
                failed[job] = facts["why"]

        while left or self.jobs.working:
            while left and self.jobs.has_room:
                name = next(iter(left))
                values, seed = left.pop(name)
                self.jobs.start(name, self.plan.experiment_of(values, seed), self.folder / REPEATS / name)
            self._follow(on_event)
        return failed


def is_done(run: Path) -> bool:
    """Whether a training came to its end, with its scores."""
    return RunLayout(run).evaluation.exists()
