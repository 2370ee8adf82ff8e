"""What `jumok check` finds: counts, lengths, coverage, duplicates, leaks and every fault."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jumok.data.check import LengthSummary, digests, length_summary
from jumok.data.faults import Fault
from jumok.dataset.evidence import evidence_faults, excess
from jumok.dataset.pictures import PictureReport
from jumok.dataset.prepare import Prepared
from jumok.dataset.split import Split

NO_PICTURES = PictureReport()


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
    excess: str | None  # what rows ask for that the model cannot do


@dataclass(frozen=True)
class Report:
    """What all of the data is like, and what is wrong with it."""

    splits: dict[str, SplitReport]
    fields: dict[str, str]  # inputs and outputs in a few words
    faults: list[Fault]  # the first of each source
    fault_count: int
    fatal_count: int  # of these, faults that cannot be skipped
    pictures: PictureReport

    def document(self) -> dict[str, Any]:
        """As JSON."""
        splits = {
            name: {**asdict(part), "lengths": {n: s._asdict() for n, s in part.lengths.items()}}
            for name, part in self.splits.items()
        }
        faults = [fault._asdict() for fault in self.faults]
        images = {
            "images": self.pictures.document(),
            "remarks": [remark._asdict() for remark in self.pictures.remarks],
        }
        return {
            "splits": splits,
            "fields": self.fields,
            **(images if self.pictures.sources else {}),
            "fault_count": self.fault_count,
            "fatal_count": self.fatal_count,
            "faults": faults,
        }


def report(prepared: Prepared, pictures: PictureReport = NO_PICTURES) -> Report:
    """Look at all that `prepare` (tolerant) has read; what was found in images stands for what their rows say."""
    rest = {name: read for name, read in prepared.faults.items() if name not in pictures.annotated}
    faults = [*pictures.faults, *(fault for read in rest.values() for fault in read.faults)]
    faults += [fault for some in prepared.too_long.values() for fault in some]
    count = len(pictures.faults) + sum(sum(read.counts.values()) for read in rest.values())
    count += sum(prepared.too_long_counts.values())
    train = prepared.splits.get("train")
    splits = {name: report_split(part, train) for name, part in prepared.splits.items()}
    fields = {name: kind.summary for name, kind in prepared.fields.all.items()}
    fatal = pictures.fatal_count(prepared.faults) + sum(len(read.fatal) for read in rest.values())
    empty = [] if count else evidence_faults(prepared.splits)
    return Report(splits, fields, [*faults, *empty], count + len(empty), fatal + len(empty), pictures)


def report_split(split: Split, train: Split | None) -> SplitReport:
    names = tuple(split.fields.all)
    rows, inputs = hashes(split, names), hashes(split, tuple(split.inputs))
    distinct_pairs, distinct_inputs = len(np.unique(rows)), len(np.unique(inputs))
    texts = [name for name in names if split.lengths(name).any()]
    comparable = train is not None and split is not train and same_names(split, train)
    leaked, leak = leaks(split, train, inputs) if train is not None and comparable else (0, None)
    return SplitReport(
        examples=len(split),
        lengths={name: length_summary(split.lengths(name)) for name in texts},
        unknown={name: unknown_share(split, name) for name in texts},
        duplicates=len(split) - distinct_pairs,
        several_answers=distinct_pairs - distinct_inputs,
        leaked=leaked,
        leak=leak,
        excess=excess(split),
    )


def hashes(split: Split, names: tuple[str, ...]) -> np.ndarray:
    """A hash (n,) of these columns of each example."""
    return digests(split.texts, names)[split.rows]


def same_names(split: Split, other: Split) -> bool:
    """Whether equal texts mean the same in both: paths do where they start in the same folder."""
    return split.root == other.root or not any(kind.reads_files for kind in split.inputs.values())


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


def leaked_rows(prepared: Prepared) -> list[str]:
    """A sentence for each part whose rows have inputs that train has, too."""
    train = prepared.splits["train"]
    said = []
    for name, split in prepared.splits.items():
        if split is not train and same_names(split, train):
            count, first = leaks(split, train, hashes(split, tuple(split.inputs)))
            if count:
                said.append(leak_sentence(name, count, first))
    return said


def leak_sentence(part: str, count: int, first: str | None) -> str:
    return f"{part}: {count:,} rows have inputs that are in train too, so its scores flatter; first: {first}"


def unknown_share(split: Split, name: str) -> float:
    kind = split.fields.all[name]
    return kind.count_unknown(split.columns[name], split.rows) / max(1, int(split.lengths(name).sum()))
