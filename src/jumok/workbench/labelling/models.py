"""The model that helps while somebody labels: its proposals, and the order of work that follows from them.

One thread works with models. Items are scored in it a few at a time, so that what somebody asks for comes between them.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from jumok.errors import DataError, JumokError, did_you_mean
from jumok.labelling.contract import LabelItem
from jumok.labelling.order import ORDERS, Knowledge, work_order
from jumok.runs.layout import run_of
from jumok.workbench.labelling.desk import LabelDesk

if TYPE_CHECKING:
    from jumok.evaluation.mistakes.marks import Disagreement
    from jumok.labelling.proposing.proposer import Proposal, Proposer

SCORED_AT_ONCE = 8  # items
PROPOSED_AT_ONCE = 64  # items of a request, at most
KEPT_PROPOSALS = 256  # with their marks, which may be large
NOT_READY = 0.99  # the share that is told while a newer order is being made
BY_FEATURES = ("diverse", "both")  # orders that also ask what the labelled items are like


class ScoredItem:
    """What stays of the proposal for an item."""

    def __init__(self, proposal: "Proposal", disagreement: "Disagreement | None") -> None:
        self.proposal, self.disagreement = proposal, disagreement


class LabelModel:
    """The newest model, what it proposes, and what it has told of all items."""

    def __init__(self, desk: LabelDesk) -> None:
        self.desk = desk
        self._threads = ThreadPoolExecutor(1, "models")
        self._lock = Lock()  # of what follows
        self._run: Path | None = None
        self._coming: Path | None = None  # whose model is being loaded
        self._proposer: Proposer | None = None
        self._problem: JumokError | None = None
        self._scored: dict[str, ScoredItem] = {}
        self._refused: dict[str, DataError] = {}
        self._recent: OrderedDict[str, Proposal] = OrderedDict()
        self._seen = 0  # changes of the desk
        self._scoring = False
        self._orders = ThreadPoolExecutor(1, "orders")
        self._making: Future[None] | None = None
        self._made: dict[str, tuple[object, dict[str, Any]]] = {}  # orders, and what they were made of
        self._first_labelled = False  # whether the labelled items are scored before the others

    def use(self, run: Path) -> Future[None]:
        """Load the model of a run in the background; it then proposes in place of the one before."""
        with self._lock:
            self._coming = run
        return self._threads.submit(self._try, run)

    def _try(self, run: Path) -> None:
        try:
            self.load(run)
        except JumokError as error:
            with self._lock:
                self._problem = error
        finally:
            with self._lock:
                self._coming = None

    def load(self, run: Path) -> None:
        """Load the model of a run; JumokError if it cannot be loaded, or gives no such marks."""
        from jumok.labelling.proposing.proposer import Proposer, trained_window
        from jumok.predictor import load

        opened = self.desk.opened
        proposer = Proposer(load(run), opened.store, opened.output or None, trained_window(run))
        with self._lock:
            self._run, self._proposer, self._problem = run, proposer, None
            self._scored, self._refused, self._recent = {}, {}, OrderedDict()

    def told(self) -> dict[str, Any] | None:
        """Name and folder of the model, as JSON; None without one."""
        with self._lock:
            run = self._coming or self._run
            if run is None:
                return None
            known = None if self._coming else self._proposer
            told = {"name": model_name(run), "run": str(run)}
            if known is None:
                return {**told, "remark": None, "threshold": None}
            return {**told, "remark": known.remark, "threshold": known.threshold}

    def _require(self) -> None:
        """DataError if there is no model, and none is being loaded."""
        with self._lock:
            if self._coming is not None:
                return
        self._ready()

    def _ready(self) -> "Proposer":
        with self._lock:
            if self._proposer is not None:
                return self._proposer
            if self._problem is not None:
                raise self._problem
        raise DataError(
            "there is no model yet; train one here, or name a run by --model",
            "아직 모델이 없습니다. 여기서 학습하거나 --model로 지정하세요.",
        )

    def proposals(self, keys: object) -> dict[str, Any]:
        """What the model proposes for items, as JSON."""
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise DataError('the request must be an object like {"keys": ["..."]}')
        if len(keys) > PROPOSED_AT_ONCE:
            raise DataError(f"at most {PROPOSED_AT_ONCE} items are proposed at once; got {len(keys)}")
        for key in keys:
            self.desk.item(key)
        self._require()
        found = self._threads.submit(self._propose, keys).result()
        with self._lock:
            name = model_name(self._run) if self._run is not None else ""
        return {"proposals": found, "model": name}

    def _propose(self, keys: Sequence[str]) -> dict[str, Any]:
        proposer = self._ready()
        with self._lock:
            missing = [key for key in keys if key not in self._recent]
        self._score(proposer, missing)
        return {key: self._proposal_json(key) for key in keys if key in self._recent}

    def _proposal_json(self, key: str) -> dict[str, Any]:
        proposal, differs = self._recent[key], self._disagreement(key, self._recent[key])
        told = None if differs is None else differs.to_json()
        return {"marks": proposal.marks, "unsure": proposal.unsure, "disagreement": told}

    def _score(self, proposer: "Proposer", keys: Sequence[str]) -> None:
        """Ask the model about items, in its thread, and keep what it tells."""
        from jumok.labelling.proposing.proposer import Proposal

        refused: dict[str, DataError] = {}
        found = proposer.propose(keys, refused) if keys else {}
        light = {
            key: ScoredItem(Proposal({}, one.unsure, one.features), self._disagreement(key, one))
            for key, one in found.items()
        }
        with self._lock:
            self._refused |= refused
            self._scored |= light
            self._recent |= found
            while len(self._recent) > KEPT_PROPOSALS:
                self._recent.popitem(last=False)

    def _disagreement(self, key: str, proposal: "Proposal") -> "Disagreement | None":
        """How a proposal differs from the marks of an item; None where nothing is labelled, or nothing is known."""
        try:
            now = self.desk.read(key)
        except DataError:
            return None
        if now.state == "unlabelled":
            return None
        from jumok.evaluation.mistakes.marks import disagreement

        store = self.desk.store
        columns = {one.name: one.kind for one in store.columns}
        return disagreement(store.kind, now.marks, proposal.marks, store.classes(), columns)

    def order(self, by: str) -> dict[str, Any]:
        """All items in an order of work, as JSON; what is scored so far decides, and scoring goes on."""
        items = self.desk.items()
        if by not in ORDERS:
            raise DataError(f"there is no order {by!r}{did_you_mean(by, ORDERS)}")
        if by == "file":
            return order_of_file(items)
        self._require()
        self._forget_changed()
        self._first_labelled = by == "disagreement"
        self._score_on()
        with self._lock:
            scored, refused = dict(self._scored), set(self._refused)
            state = (self._run, len(scored), len(refused), self._seen)
        if by in BY_FEATURES:
            return self._chosen_apart(by, items, state, lambda: ordered_work(by, items, scored, refused))
        return ordered_work(by, items, scored, refused)

    def _chosen_apart(
        self, by: str, items: Sequence[LabelItem], state: object, make: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """An order that takes seconds for thousands of items: the last one at once, while a new one is made."""
        with self._lock:
            known, made = self._made.get(by, (None, ordered_work(by, items, {}, set())))
            if known == state:
                return made
            if self._making is None or self._making.done():
                self._making = self._orders.submit(self._make, by, state, make)
        keys = {one.key for one in items}
        scores = dict(zip(made["keys"], made["scores"], strict=True))
        stale = [key for key in made["keys"] if key in keys]
        stale += [one.key for one in items if one.key not in scores]
        told = {"keys": stale, "scores": [scores.get(key) for key in stale]}
        return {**made, **told, "ready": min(made["ready"], NOT_READY)}

    def _make(self, by: str, state: object, make: Callable[[], dict[str, Any]]) -> None:
        made = make()
        with self._lock:
            self._made[by] = (state, made)

    def _forget_changed(self) -> None:
        """Drop what was told of items whose marks have changed."""
        told = self.desk.changes(self._seen)
        with self._lock:
            self._seen = told["changed"]
            for key in told["keys"]:
                self._scored.pop(key, None)

    def _score_on(self) -> None:
        """Score all items that are not scored yet, in the background."""
        with self._lock:
            if self._scoring:
                return
            self._scoring = True
        self._threads.submit(self._score_some)

    def _score_some(self) -> None:
        """Score a few items, then give way to others who ask."""
        first = self._first_labelled
        items = sorted(self.desk.items(), key=lambda one: (one.state != "unlabelled") != first)
        keys = [one.key for one in items]
        with self._lock:
            done = self._scored.keys() | self._refused.keys()
            proposer = self._proposer
            missing = [key for key in keys if key not in done][:SCORED_AT_ONCE]
            self._scoring = bool(missing) and proposer is not None
        if not self._scoring or proposer is None:
            return
        try:
            self._score(proposer, missing)
        except Exception:  # what cannot be scored must not be asked for again and again
            with self._lock:
                self._refused |= {key: DataError("the model could not answer") for key in missing}
        self._threads.submit(self._score_some)

    def close(self) -> None:
        """Begin nothing new."""
        for threads in (self._threads, self._orders):
            threads.shutdown(wait=False, cancel_futures=True)


def model_name(run: Path) -> str:
    """What a model is called: its run folder with the one around it, where that is a number."""
    folder = run_of(run.resolve())
    return f"{folder.parent.name}/{folder.name}" if folder.name.isdecimal() else folder.name


def ordered_work(
    by: str, items: Sequence[LabelItem], scored: Mapping[str, ScoredItem], refused: set[str]
) -> dict[str, Any]:
    """An order of work, as JSON: the items that it is about, then the others as in the file.

    Args:
        by: The name of the order.
        items: All items.
        scored: What is known of those that the model has seen.
        refused: Those that it cannot read.

    Returns:
        Keys and their scores, which share is scored, and what disagrees.
    """
    about_labelled = by == "disagreement"
    pool = [one.key for one in items if (one.state != "unlabelled") == about_labelled]
    others = [one.key for one in items if (one.state != "unlabelled") != about_labelled]
    found = [scored.get(key) for key in pool]
    needed = [*pool, *others] if by in BY_FEATURES else pool
    ready = sum(key in scored or key in refused for key in needed)
    if not any(found):
        keys, scores = pool, no_scores(len(pool))
    else:
        known = Knowledge(
            np.array([np.nan if one is None else one.proposal.unsure for one in found]),
            features_of(found) if by in BY_FEATURES else None,
            features_of([scored.get(key) for key in others]) if by in BY_FEATURES else None,
            np.array(
                [
                    np.nan if one is None or one.disagreement is None else one.disagreement.score
                    for one in found
                ]
            ),
        )
        order = work_order(by, len(pool), known)
        keys = [pool[row] for row in order.rows]
        scores = [None if np.isnan(score) else float(score) for score in order.scores]
    differing = {key: one.disagreement for key, one in zip(pool, found, strict=True) if one is not None}
    return {
        "keys": [*keys, *others],
        "scores": [*scores, *no_scores(len(others))],
        "ready": ready / len(needed) if needed else 1.0,
        "remarks": {key: one.to_json()["what"] for key, one in differing.items() if one is not None},
    }


def order_of_file(items: Sequence[LabelItem]) -> dict[str, Any]:
    """The order of the file, as JSON."""
    keys = [one.key for one in items]
    return {"keys": keys, "scores": no_scores(len(keys)), "ready": 1.0, "remarks": {}}


def no_scores(count: int) -> list[float | None]:
    """The scores of items that have none."""
    return [None] * count


def features_of(found: Sequence[ScoredItem | None]) -> "np.ndarray | None":
    """The features of items (N, F), NaN where none are known; None if there are none at all."""
    from jumok.labelling.proposing.proposer import feature_matrix

    known = [None if one is None else one.proposal for one in found]
    return (
        feature_matrix(known) if any(one is not None and one.features is not None for one in known) else None
    )
