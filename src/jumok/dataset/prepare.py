"""From the sources of an experiment to its splits: read, refuse or skip faults, split, learn vocabularies, encode."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from jumok.data import split as splitting
from jumok.data.faults import Fault
from jumok.dataset.importing import SHOWN, Imported, import_source
from jumok.dataset.split import Split
from jumok.errors import DataError
from jumok.experiment.options import Experiment
from jumok.kinds import fitting
from jumok.kinds.fitting import Fields
from jumok.kinds.kind import InputKind, Material, OutputKind

Say = Callable[[str], None]


@dataclass
class Prepared:
    """What training and evaluation need of the data."""

    fields: Fields
    splits: dict[str, Split] = field(default_factory=dict)
    faults: dict[str, Imported] = field(default_factory=dict)  # by the source that has them
    too_long: dict[str, list[Fault]] = field(default_factory=dict)  # by part, the first of them
    too_long_counts: dict[str, int] = field(default_factory=dict)

    @property
    def inputs(self) -> Mapping[str, InputKind]:
        return self.fields.inputs

    @property
    def outputs(self) -> Mapping[str, OutputKind]:
        return self.fields.outputs


def prepare(
    experiment: Experiment,
    say: Say,
    fitted: Fields | None = None,
    parts: Sequence[str] = ("train", "valid", "test"),
    tolerant: bool = False,
) -> Prepared:
    """Make the parts of the data that are asked for and exist.

    `fitted` are the kinds of a saved model; without them they are learned from the train part. Faulty rows are a
    DataError, or skipped with a word to `say` when the experiment says so; `tolerant` collects them without a word,
    and gives no parts when there is nothing to train on.
    """
    imported = _import_all(experiment, say, parts, fitted is not None, tolerant)
    if tolerant and not all(len(source.store) for source in imported.values()):
        return Prepared(Fields({}, {}), faults=imported)
    try:
        rows = {name: _rows_of(name, experiment, imported) for name in parts}
    except DataError:
        if tolerant and any(source.counts for source in imported.values()):  # too few rows are left to split
            return Prepared(Fields({}, {}), faults=imported)
        raise
    if fitted is None:
        train = _source_of("train", experiment, imported)
        train_rows = rows["train"]
        if train_rows is None or not len(train_rows):
            raise DataError("there is nothing to train on: the train part has no rows")
        fitted = fitting.fit(
            experiment.inputs,
            experiment.outputs,
            experiment.data.tokens,
            experiment.data.max_tokens,
            Material(train.store, train_rows, train.root, train.classes),
        )
    prepared = Prepared(fitted, faults=imported)
    for name, chosen in rows.items():
        if chosen is not None:
            source = _source_of(name, experiment, imported)
            prepared.splits[name] = _encode(name, source, chosen, prepared, experiment, say, tolerant)
    return prepared


def _import_all(
    experiment: Experiment, say: Say, parts: Sequence[str], fitted: bool, tolerant: bool
) -> dict[str, Imported]:
    wanted = {_owner(part, experiment) for part in parts} | (set() if fitted else {"train"})
    imported = {}
    for part, source in experiment.data.sources():
        if part in wanted:
            imported[part] = import_source(source.build(experiment.inputs, experiment.outputs))
            if not tolerant:
                _refuse_or_skip(part, imported[part], experiment, say)
                for remark in imported[part].remarks:
                    say(f"{part}: {remark}")
    return imported


def _refuse_or_skip(part: str, imported: Imported, experiment: Experiment, say: Say) -> None:
    total = sum(imported.counts.values())
    if not total:
        return
    if imported.fatal or experiment.data.on_bad_rows == "error":
        raise _refusal(
            imported.fatal[0] if imported.fatal else imported.faults[0], total, bool(imported.fatal)
        )
    reasons = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in imported.counts.items())
    say(
        f"{part}: left out {total:,} that are faulty ({reasons}), {len(imported.store):,} rows stay; "
        f"first: {imported.faults[0]}"
    )


def _refusal(fault: Fault, total: int, fatal: bool) -> DataError:
    more = f" ({total - 1} more faulty rows; `jumok check` lists them)" if total > 1 else ""
    advice = "" if fatal else ", or set data.on_bad_rows: skip to go on without such rows"
    return DataError(f"{fault}{advice}{more}")


def _owner(part: str, experiment: Experiment) -> str:
    """The source that a part is taken from: its own, or train when it is split off."""
    return part if getattr(experiment.data, part) is not None else "train"


def _source_of(part: str, experiment: Experiment, imported: Mapping[str, Imported]) -> Imported:
    return imported[_owner(part, experiment)]


def _rows_of(part: str, experiment: Experiment, imported: Mapping[str, Imported]) -> np.ndarray | None:
    """The rows of its source that make a part, or None when the experiment has no such part."""
    data = experiment.data
    if part != "train" and getattr(data, part) is not None:
        return np.arange(len(imported[part].store))
    split = data.split
    if split is None or (split.valid is None and split.test is None):
        return np.arange(len(imported["train"].store)) if part == "train" else None
    if part != "train" and getattr(split, part) is None:
        return None
    store = imported["train"].store
    keys = ("\x1f".join(row) for row in zip(*(store.texts(name) for name in experiment.inputs), strict=True))
    sides = splitting.assign(keys, split.valid or 0, split.test or 0, split.seed)
    return np.flatnonzero(sides == ("train", "valid", "test").index(part))


def _encode(
    part: str,
    source: Imported,
    rows: np.ndarray,
    prepared: Prepared,
    experiment: Experiment,
    say: Say,
    tolerant: bool,
) -> Split:
    """The columns of a part; rows that are too long are refused or skipped."""
    kinds = prepared.fields.all
    columns = {name: kind.column(source.store, source.root) for name, kind in kinds.items()}
    lengths = np.stack([columns[name].lengths[rows] for name in kinds])  # (columns, n)
    limit = experiment.data.max_tokens
    long = np.flatnonzero((lengths > limit).any(0))
    prepared.too_long[part] = [
        _too_long(source, int(rows[i]), dict(zip(kinds, lengths[:, i].tolist(), strict=True)), limit)
        for i in long[:SHOWN]
    ]
    prepared.too_long_counts[part] = len(long)
    if len(long) and not tolerant:
        fault = prepared.too_long[part][0]
        if experiment.data.on_bad_rows == "error":
            raise _refusal(fault, len(long), fatal=False)
        say(f"{part}: skipped {len(long)} of {len(rows)} rows (too long); first: {fault}")
    kept = np.delete(rows, long)
    if not len(kept) and not tolerant:
        raise DataError(f"the {part} part has no rows left; `jumok check` says what is wrong with them")
    return Split(part, source.files, source.root, source.store, columns, kept, prepared.fields)


def _too_long(source: Imported, row: int, lengths: dict[str, int], limit: int) -> Fault:
    name, length = max(lengths.items(), key=lambda pair: pair[1])
    files = dict(zip(source.store.columns, source.files, strict=True)) if len(source.files) > 1 else {}
    return Fault(
        str(files.get(name, source.files[0])),
        source.store.line(row),
        f"{name} has {length} tokens, at most {limit} are allowed",
        "shorten it, or raise data.max_tokens",
        "too_long",
    )
