"""What `jumok check` finds: counts, lengths, coverage, duplicates, leaks and every fault."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jumok.data.check import LengthSummary, digests, length_summary
from jumok.data.faults import Fault
from jumok.dataset.prepare import Prepared
from jumok.dataset.split import Split


@dataclass(frozen=True)
class SplitReport:
    """What one part of the data is like."""

    examples: int
    lengths: dict[str, LengthSummary]  # tokens, by column that is made of them
    unknown: dict[str, float]  # share of tokens that the vocabulary does not have
    duplicates: int  # rows equal to an earlier one
    several_answers: int  # inputs with more than one right answer
    leaked: int  # rows whose inputs stand in train too
    leak: str | None  # the first of them


@dataclass(frozen=True)
class Report:
    """What all of the data is like, and what is wrong with it."""

    splits: dict[str, SplitReport]
    fields: dict[str, str]  # inputs and outputs in a few words
    faults: list[Fault]  # the first of each source
    fault_count: int
    fatal_count: int  # of these, faults that cannot be skipped

    def document(self) -> dict[str, Any]:
        """As JSON."""
        splits = {
            name: {**asdict(part), "lengths": {n: s._asdict() for n, s in part.lengths.items()}}
            for name, part in self.splits.items()
        }
        faults = [fault._asdict() for fault in self.faults]
        return {
            "splits": splits,
            "fields": self.fields,
            "fault_count": self.fault_count,
            "fatal_count": self.fatal_count,
            "faults": faults,
        }


def report(prepared: Prepared) -> Report:
    """Look at all that `prepare` (tolerant) has read."""
    faults = [fault for imported in prepared.faults.values() for fault in imported.faults]
    faults += [fault for some in prepared.too_long.values() for fault in some]
    count = sum(sum(imported.counts.values()) for imported in prepared.faults.values())
    count += sum(prepared.too_long_counts.values())
    train = prepared.splits.get("train")
    splits = {name: report_split(part, train) for name, part in prepared.splits.items()}
    kinds = prepared.fields.all
    fatal = sum(len(imported.fatal) for imported in prepared.faults.values())
    return Report(splits, {name: kind.summary for name, kind in kinds.items()}, faults, count, fatal)


def report_split(split: Split, train: Split | None) -> SplitReport:
    names = tuple(split.fields.all)
    rows, inputs = hashes(split, names), hashes(split, tuple(split.inputs))
    distinct_pairs, distinct_inputs = len(np.unique(rows)), len(np.unique(inputs))
    texts = [name for name in names if split.lengths(name).any()]
    leaked, leak = (0, None) if train is None or split is train else leaks(split, train, inputs)
    return SplitReport(
        examples=len(split),
        lengths={name: length_summary(split.lengths(name)) for name in texts},
        unknown={name: unknown_share(split, name) for name in texts},
        duplicates=len(split) - distinct_pairs,
        several_answers=distinct_pairs - distinct_inputs,
        leaked=leaked,
        leak=leak,
    )


def hashes(split: Split, names: tuple[str, ...]) -> np.ndarray:
    """A hash (n,) of these columns of each example."""
    return digests(split.texts, names)[split.rows]


def leaks(split: Split, train: Split, inputs: np.ndarray) -> tuple[int, str | None]:
    """How many examples have inputs (n,) that train has too, and where the first pair stands."""
    known = hashes(train, tuple(split.inputs))
    found = np.flatnonzero(np.isin(inputs, known))
    if not len(found):
        return 0, None
    first = int(found[0])
    twin = int(np.flatnonzero(known == inputs[first])[0])
    here, there = f"{split.files[0]}:{split.line(first)}", f"{train.files[0]}:{train.line(twin)}"
    return len(found), f"{here} is {there}: {split.text(next(iter(split.inputs)), first)!r}"


def unknown_share(split: Split, name: str) -> float:
    kind = split.fields.all[name]
    return kind.count_unknown(split.columns[name], split.rows) / max(1, int(split.lengths(name).sum()))
