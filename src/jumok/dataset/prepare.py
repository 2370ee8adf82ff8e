"""From the sources of an experiment to its splits: read, refuse or skip faults, split, learn vocabularies, encode."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from jumok.data import split as splitting
from jumok.data.annotations.checking.summary import reading_remarks
from jumok.data.tables.faults import Fault
from jumok.dataset.folds import fold_numbers, splitting_keys
from jumok.dataset.leaks import told_leaks
from jumok.dataset.row_cache import CachedRows, import_source
from jumok.dataset.split import Split
from jumok.dataset.split_faults import OF_WHOLE, SplitFaults, check_split, dropped_rows
from jumok.errors import DataError
from jumok.kinds import catalogue
from jumok.kinds.catalogue import Fields
from jumok.kinds.contract import InputField, OutputField
from jumok.kinds.fitting import TrainingData
from jumok.wording import quantity, verb

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

Say = Callable[[str], None]
MESSAGE_INTERVAL = 10.0  # seconds between two messages about images that are read


@dataclass
class Prepared:
    """What training and evaluation need of the data."""

    fields: Fields
    splits: dict[str, Split] = field(default_factory=dict)
    faults: dict[str, CachedRows] = field(default_factory=dict)  # by the source that has them
    split_faults: dict[str, SplitFaults] = field(default_factory=dict)  # by split

    @property
    def inputs(self) -> Mapping[str, InputField]:
        """The input fields by name."""
        return self.fields.inputs

    @property
    def outputs(self) -> Mapping[str, OutputField]:
        """The output fields by name."""
        return self.fields.outputs


def prepare(
    experiment: "Experiment",
    say: Say,
    fitted: Fields | None = None,
    splits: Sequence[str] = ("train", "valid", "test"),
    tolerant: bool = False,
) -> Prepared:
    """Prepare those of the splits that exist.

    Args:
        experiment: The experiment.
        say: Called with messages.
        fitted: The fields of a saved model; by default they are learned from train.
        splits: The names of the splits.
        tolerant: Whether to collect faults instead of raising; there may then be no splits.

    Returns:
        The fields and splits.

    Raises:
        DataError: There are faulty rows, and they are not to be skipped.
    """
    learns = fitted is None
    imported = _import_all(experiment, say, splits, not learns)
    if not tolerant:
        for name, source in imported.items():
            _refuse_or_skip(name, source, experiment, say)
            for remark in source.remarks:
                say(f"{name}: {remark}")
    elif not all(len(source.store) for source in imported.values()):
        return Prepared(Fields({}, {}), faults=imported)
    try:
        rows = {name: _rows_of(name, experiment, imported) for name in splits}
    except DataError:
        if tolerant and any(source.counts for source in imported.values()):  # too few rows are left to split
            return Prepared(Fields({}, {}), faults=imported)
        raise
    prepared = Prepared(fitted or _fit(experiment, imported, rows["train"]), faults=imported)
    train = rows.get("train")
    if train is not None:  # the fields are fitted on all of it, so that its parts differ in examples alone
        rows["train"] = _part_of_train(experiment, imported["train"], train)
    for name, chosen in _without_fold(rows, experiment, imported).items():
        if chosen is not None:
            prepared.splits[name] = _encode(name, chosen, prepared, experiment)
            if not tolerant:
                _refuse_or_skip_split(name, prepared, experiment, say)
    if learns and not tolerant:
        for sentence in _remarks(prepared):
            say(sentence)
    return prepared


def refusal(prepared: Prepared, experiment: "Experiment") -> str | None:
    """Why training would refuse these data, in a few words; None if it would begin."""
    faults: list[CachedRows | SplitFaults] = [*prepared.faults.values(), *prepared.split_faults.values()]
    fatal = {fault for one in faults for fault in one.fatal}
    if fatal:
        return f"faults that cannot be skipped: {len(fatal)}; fix them first"
    total = sum(sum(one.counts.values()) for one in faults)
    whole = sum(len(one.of_whole) for one in prepared.split_faults.values())
    if total and experiment.data.on_bad_rows == "error":
        what, how = ("faults", "all the same") if whole else ("faulty rows", "without them")
        return f"{what}: {total}; fix them, or set data.on_bad_rows: skip to train {how}"
    for name, source in prepared.faults.items():
        if not len(source.store):
            return str(_nothing_left(name, source))
    for name, split in prepared.splits.items():
        if not len(split):
            return str(_nothing_left(name, prepared.split_faults[name]))
    return None


def _import_all(
    experiment: "Experiment", say: Say, splits: Sequence[str], fitted: bool
) -> dict[str, CachedRows]:
    wanted = {_source_name(name, experiment) for name in splits} | (set() if fitted else {"train"})
    return {
        name: import_source(source.build(experiment.inputs, experiment.outputs), _progress(name, say))
        for name, source in experiment.data.sources()
        if name in wanted
    }


def _progress(name: str, say: Say) -> Callable[[int], None]:
    """Report from time to time how many images were read."""
    last = time.monotonic()

    def tell(count: int) -> None:
        nonlocal last
        if time.monotonic() - last >= MESSAGE_INTERVAL:
            last = time.monotonic()
            say(f"{name}: {quantity(count, 'image')} and masks read so far")

    return tell


def _fit(experiment: "Experiment", imported: Mapping[str, CachedRows], rows: np.ndarray | None) -> Fields:
    train = imported["train"]
    if rows is None or not len(rows):
        raise _nothing_left("train", train)
    return catalogue.fit(
        experiment.inputs,
        experiment.scored_outputs,
        experiment.data.tokens,
        experiment.data.max_tokens,
        TrainingData(train.store, rows, train.root, train.classes),
    )


def _nothing_left(name: str, found: CachedRows | SplitFaults) -> DataError:
    """The refusal of a split whose rows are all faulty, or that never had any."""
    shown = found.faults if isinstance(found, CachedRows) else found.shown
    total = sum(found.counts.values())
    what = "there is nothing to train on: " if name == "train" else ""
    why = f"; all {total:,} are faulty, the first is {shown[0]}" if shown else "; name a source that has some"
    return DataError(f"{what}the {name} split has no rows{' left' if shown else ''}{why}")


def _refuse_or_skip(name: str, imported: CachedRows, experiment: "Experiment", say: Say) -> None:
    total = sum(imported.counts.values())
    if total and (imported.fatal or experiment.data.on_bad_rows == "error"):
        raise _refusal((imported.fatal or imported.faults)[0], total, bool(imported.fatal))
    if not len(imported.store):
        raise _nothing_left(name, imported)
    if total:
        say(
            f"{name}: left out {total:,} that are faulty ({_reasons(imported.counts)}), "
            f"{quantity(len(imported.store), 'row')} "
            f"{verb(len(imported.store), 'stays', 'stay')}; first: {imported.faults[0]}"
        )


def _refuse_or_skip_split(name: str, prepared: Prepared, experiment: "Experiment", say: Say) -> None:
    found, split = prepared.split_faults[name], prepared.splits[name]
    if found.count and (found.fatal or experiment.data.on_bad_rows == "error"):
        raise _refusal((found.fatal or found.shown)[0], found.count, bool(found.fatal))
    if not len(split):
        raise _nothing_left(name, found)
    for fault in found.of_whole:
        say(f"{name}: {fault}")
    if lost := sum(found.rows.values()):
        first = next(fault for fault in found.shown if fault.kind in found.rows)
        say(
            f"{name}: skipped {lost} of {quantity(len(split) + lost, 'row')} ({_reasons(found.rows)}); first: {first}"
        )


def _reasons(counts: Mapping[str, int]) -> str:
    if len(counts) == 1 and "too_long" in counts:
        return "too long"
    return ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in counts.items())


def _refusal(fault: Fault, total: int, fatal: bool) -> DataError:
    what = "faults" if fault.kind in OF_WHOLE else "faulty rows"
    more = f" ({total - 1} more {what}; `jumok check` lists them)" if total > 1 else ""
    how = "all the same" if fault.kind in OF_WHOLE else "without such rows"
    advice = "" if fatal else f", or set data.on_bad_rows: skip to go on {how}"
    return DataError(f"{fault}{advice}{more}")


def _remarks(prepared: Prepared) -> list[str]:
    """What a person should know before a training begins."""
    said = [str(remark) for remark in reading_remarks(one.summary for one in prepared.faults.values())]
    said += [str(remark) for remark in column_remarks(prepared)]
    for name, split in prepared.splits.items():
        said += told_leaks(name, split, prepared.splits.get("train"))
    return said


def column_remarks(prepared: Prepared) -> list[Fault]:
    """What is good to know about the right answers that a model is trained by."""
    train = prepared.splits.get("train")
    if train is None:
        return []
    return [
        Fault(str(train.files[0]), None, f"{name} {found.problem}", found.remedy, found.kind)
        for name, field in train.outputs.items()
        if field.check is not None
        for found in field.check.remarks(train.texts, train.rows)
    ]


def _source_name(name: str, experiment: "Experiment") -> str:
    """The source that a split is taken from: its own, or train when it is split off."""
    return name if getattr(experiment.data, name) is not None else "train"


def _rows_of(name: str, experiment: "Experiment", imported: Mapping[str, CachedRows]) -> np.ndarray | None:
    """The rows of its source that make a split, or None when the experiment has no such split."""
    data = experiment.data
    if name != "train" and getattr(data, name) is not None:
        return np.arange(len(imported[name].store))
    split = data.split
    if split is None or (split.valid is None and split.test is None):
        return np.arange(len(imported["train"].store)) if name == "train" else None
    if name != "train" and getattr(split, name) is None:
        return None
    keys = splitting_keys(imported["train"].store, list(experiment.inputs))
    sides = splitting.assign(keys, split.valid or 0, split.test or 0, split.seed)
    return np.flatnonzero(sides == ("train", "valid", "test").index(name))


def _part_of_train(experiment: "Experiment", train: CachedRows, rows: np.ndarray) -> np.ndarray:
    """The rows of train that are trained on: all, or those that data.split.train asks for."""
    split = experiment.data.split
    if split is None or split.train is None:
        return rows
    keys = splitting_keys(train.store, list(experiment.inputs))
    return rows[splitting.nested_part((keys[row] for row in rows), split.train, split.train_seed)]


def _without_fold(
    rows: Mapping[str, np.ndarray | None], experiment: "Experiment", imported: Mapping[str, CachedRows]
) -> dict[str, np.ndarray | None]:
    """The rows of each split; those of train without the fold that is left out."""
    fold, train = experiment.data.fold, rows.get("train")
    if fold is None or train is None:
        return dict(rows)
    numbers = fold_numbers(imported["train"].store, list(experiment.inputs), fold.of)
    return {**rows, "train": train[numbers[train] != fold.number]}


def _encode(name: str, rows: np.ndarray, prepared: Prepared, experiment: "Experiment") -> Split:
    """The columns of a split, without the rows that cannot be used."""
    source = prepared.faults[_source_name(name, experiment)]
    fields, faults = prepared.fields, SplitFaults()
    columns = {column: field.codec.column(source.store, source.root) for column, field in fields.all.items()}
    options = dict(experiment.data.sources())[_source_name(name, experiment)]
    read = options.read if options.is_annotated else None
    kept = rows[~dropped_rows(source, rows, columns, fields, faults, read)]
    check_split(name, source, prepared.faults.get("train", source), kept, fields, faults)
    prepared.split_faults[name] = faults
    return Split(name, source.files, source.root, source.store, columns, kept, fields)
