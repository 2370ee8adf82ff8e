"""The trials of a sweep, kept by Optuna in a journal; what is tried next is a function of seed and history."""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jumok.errors import RunError
from jumok.experiment.space import DIGITS, Choices, Dimension, Range, Space

if TYPE_CHECKING:
    import optuna

JOURNAL = "study.log"
STUDY_NAME = "sweep"
STARTUP = 8  # trials at random, before earlier ones say where to look
DRAWS_AT_MOST = 50  # draws to find options that were not tried yet
LEAST_SCORED = 4  # different scores that the importance of options is told by
NO_OPTUNA = "a sweep needs the package optuna; install it with: pip install 'jumok[sweep]'"
WHY = "why"  # the name of what is noted beside a trial

TrialState = Literal["running", "finished", "pruned", "failed"]
SCORED = ("finished", "pruned")


@dataclass(frozen=True)
class SweepTrial:
    """One set of options, and what came of it."""

    number: int
    state: TrialState
    values: dict[str, Any]  # by the name of the option
    score: float | None = None  # the best on the valid part; of a pruned one, until it was ended
    why: str = ""  # it failed or was ended
    curve: dict[int, float] = field(default_factory=dict)  # the best score by the percent of the steps

    @property
    def name(self) -> str:
        """The name of its run's folder."""
        return f"{self.number:04}"


def import_optuna() -> Any:
    """The package optuna, silent; RunError where it is not installed."""
    try:
        import optuna
    except ModuleNotFoundError:
        raise RunError(NO_OPTUNA) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


@contextmanager
def without_remarks() -> Iterator[None]:
    """Without the remarks that Optuna makes about parts which are new in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Study:
    """The trials in a folder. One process at a time writes them; a kill loses no trial that was told."""

    def __init__(self, folder: Path, space: Space, higher_is_better: bool, seed: int = 1) -> None:
        self.optuna = import_optuna()
        self.space, self.seed, self.higher_is_better = space, seed, higher_is_better
        self.dimensions = {one.key: one for one in space}
        journal = self.optuna.storages.journal
        with without_remarks():
            storage = self.optuna.storages.JournalStorage(journal.JournalFileBackend(str(folder / JOURNAL)))
            self.study: optuna.Study = self._create(storage)

    def _create(self, storage: Any) -> "optuna.Study":
        return self.optuna.create_study(
            storage=storage,
            study_name=STUDY_NAME if storage is not None else None,
            direction="maximize" if self.higher_is_better else "minimize",
            load_if_exists=storage is not None,
            pruner=self.optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=20),
        )

    def trials(self) -> list[SweepTrial]:
        """All trials in the order in which they began."""
        return [self._trial(frozen) for frozen in self.study.get_trials(deepcopy=False)]

    def ranked(self) -> list[SweepTrial]:
        """The finished trials, the best first."""
        return rank_trials(self.trials(), self.higher_is_better)

    def begin(self, fits: Callable[[dict[str, Any]], bool] = lambda _: True) -> SweepTrial | None:
        """A new trial with options that no other one has, and that fit; None where there are none."""
        drawn = self._draw(fits)
        if drawn is None:
            return None
        self.study.add_trial(self._made(drawn, state="RUNNING"))
        return self.trials()[-1]

    def report(self, number: int, percent: int, score: float) -> bool:
        """Note the best score of a trial after so much of its steps; tells whether it should be ended as hopeless.

        Args:
            number: The trial.
            percent: How much of its steps is done.
            score: The best score so far.

        Returns:
            Whether to end it.
        """
        known = self.study.get_trials(deepcopy=False)[number]
        trial = self._live(known)
        if percent not in known.intermediate_values:
            trial.report(score, percent)
        return trial.should_prune()

    def finish(self, number: int, score: float) -> None:
        """Note the score of a trial that came to its end."""
        self.study.tell(number, score)

    def prune(self, number: int, why: str) -> None:
        """Note that a trial was ended, for others were better at this time; its score is what was reported last."""
        self._note(number, why)
        self.study.tell(number, state=self.optuna.trial.TrialState.PRUNED)

    def fail(self, number: int, why: str) -> None:
        """Note why a trial failed."""
        self._note(number, why)
        self.study.tell(number, state=self.optuna.trial.TrialState.FAIL)

    def importance(self) -> dict[str, float]:
        """How much of the differences each option explains, the largest first (PED-ANOVA, Watanabe et al., 2023).

        Shares that sum to 1. Trials that were ended early count with their last score: options that make them hopeless
        matter. Nothing where there are too few trials, or they are all equal.
        """
        scored = [trial for trial in self.trials() if trial.score is not None and trial.state in SCORED]
        if len({trial.score for trial in scored}) < LEAST_SCORED or len(self.space) < 2:
            return {}
        copy = self._create(None)
        copy.add_trials([self._made(trial.values, score=trial.score) for trial in scored])
        evaluator = self.optuna.importance.PedAnovaImportanceEvaluator
        with without_remarks():
            return dict(self.optuna.importance.get_param_importances(copy, evaluator=evaluator()))

    def _made(self, values: Mapping[str, Any], state: str = "COMPLETE", score: float | None = None) -> Any:
        """A trial for Optuna, with these options; by default it has come to its end."""
        return self.optuna.trial.create_trial(
            params={key: stored(self.dimensions[key], value) for key, value in values.items()},
            distributions=self._distributions(),
            state=self.optuna.trial.TrialState[state],
            value=score,
        )

    def _live(self, known: "optuna.trial.FrozenTrial") -> "optuna.Trial":
        """A trial that can be told of, be it of an earlier session."""
        return self.optuna.trial.Trial(self.study, known._trial_id)

    def _note(self, number: int, why: str) -> None:
        self._live(self.study.get_trials(deepcopy=False)[number]).set_user_attr(WHY, why)

    def _trial(self, frozen: Any) -> SweepTrial:
        states: dict[str, TrialState] = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed"}
        curve = {int(step): float(score) for step, score in sorted(frozen.intermediate_values.items())}
        values = {key: meant(self.dimensions[key], value) for key, value in frozen.params.items()}
        score = frozen.value if frozen.value is not None else next(reversed(curve.values()), None)
        state = states.get(frozen.state.name, "running")
        return SweepTrial(frozen.number, state, values, score, str(frozen.user_attrs.get(WHY, "")), curve)

    def _draw(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any] | None:
        """Options that were not tried, by those that were: tree-structured Parzen estimator (Bergstra et al., 2011).

        The draw depends on seed and history alone, so that a sweep that was killed goes on as if it never was.
        """
        tried = [trial.values for trial in self.trials()]
        for attempt in range(DRAWS_AT_MOST):
            drawn = self._draw_once((self.seed, len(tried), attempt))
            if drawn not in tried and fits(drawn):
                return drawn
        left = (values for values in combinations(self.space) if values not in tried)
        return next((values for values in left if fits(values)), None)

    def _draw_once(self, numbers: Sequence[int]) -> dict[str, Any]:
        seed = int(np.random.SeedSequence(numbers).generate_state(1)[0])
        with without_remarks():
            sampler = self.optuna.samplers.TPESampler(
                seed=seed, n_startup_trials=STARTUP, multivariate=True, constant_liar=True
            )
            copy = self._create(None)
            copy.sampler = sampler
            copy.add_trials(self.study.get_trials(deepcopy=False))
            asked = copy.ask(self._distributions())
        return {key: rounded_value(self.dimensions[key], value) for key, value in asked.params.items()}

    def _distributions(self) -> dict[str, Any]:
        return {key: self._distribution(one) for key, one in self.dimensions.items()}

    def _distribution(self, one: Dimension) -> Any:
        kinds = self.optuna.distributions
        if isinstance(one, Choices):
            return kinds.CategoricalDistribution([as_json_text(value) for value in one.values])
        made = kinds.IntDistribution if one.is_whole else kinds.FloatDistribution
        return made(one.low, one.high, log=one.is_log)


def rank_trials(trials: Sequence[SweepTrial], higher_is_better: bool) -> list[SweepTrial]:
    """The finished trials, the best first; of equal ones the earlier first."""
    done = [trial for trial in trials if trial.state == "finished" and trial.score is not None]
    sign = -1 if higher_is_better else 1
    return sorted(done, key=lambda trial: (sign * (trial.score or 0.0), trial.number))


def as_json_text(value: Any) -> str:
    """A choice as Optuna keeps it."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def stored(one: Dimension, value: Any) -> Any:
    """A value as Optuna keeps it."""
    return as_json_text(value) if isinstance(one, Choices) else value


def meant(one: Dimension, value: Any) -> Any:
    """The value that Optuna keeps."""
    return json.loads(value) if isinstance(one, Choices) else value


def rounded_value(one: Dimension, value: Any) -> Any:
    """A drawn value with as many digits as a person would write."""
    if isinstance(one, Choices):
        return json.loads(value)
    if one.is_whole:
        return int(value)
    return min(max(float(f"{value:.{DIGITS}g}"), one.low), one.high)


def combinations(space: Space) -> Iterator[dict[str, Any]]:
    """All combinations of a space of choices and whole numbers; nothing where a range has numbers between."""
    from itertools import product

    if any(isinstance(one, Range) and not one.is_whole for one in space):
        return
    columns = [
        one.values if isinstance(one, Choices) else range(int(one.low), int(one.high) + 1) for one in space
    ]
    for row in product(*columns):
        yield dict(zip((one.key for one in space), row, strict=True))
