"""What `jumok check` finds: counts, lengths, coverage, duplicates, leaks and every fault."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from jumok.data.tables.faults import Fault
from jumok.data.text.check import LengthSummary, length_summary
from jumok.dataset.evidence import excess, length_gap
from jumok.dataset.image_report import ImageReport, report_images
from jumok.dataset.leaks import hashes, leaks, same_names
from jumok.dataset.prepare import Prepared, column_remarks
from jumok.dataset.row_cache import CachedRows
from jumok.dataset.split import Split
from jumok.dataset.split_faults import SplitFaults
from jumok.kinds.survey import ValueTable


@dataclass(frozen=True)
class SplitReport:
    """What one split of the data is like."""

    examples: int
    lengths: dict[str, LengthSummary]  # tokens, by column that is made of them
    unknown: dict[str, float]  # share of tokens that the vocabulary does not have
    duplicates: int  # rows equal to an earlier one
    several_answers: int  # inputs with more than one right answer
    leaked: int  # rows whose inputs stand in train too
    leak: str | None  # the first of them
    excess: str | None  # what rows ask for that the model cannot do
    length_gap: str | None  # in which column lengths are far from those of train


@dataclass(frozen=True)
class Report:
    """What all of the data is like, and what is wrong with it."""

    splits: dict[str, SplitReport]
    fields: dict[str, str]  # inputs and outputs in a few words
    faults: list[Fault]  # the first of each source
    fault_count: int
    fatal: list[Fault]  # of these, faults that cannot be skipped
    images: ImageReport
    remarks: list[Fault]  # what is no fault but good to know: of texts, then of images
    values: dict[str, ValueTable] = field(default_factory=dict)  # by input whose values can be measured

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        splits = {
            name: {**asdict(split), "lengths": {n: s._asdict() for n, s in split.lengths.items()}}
            for name, split in self.splits.items()
        }
        faults = [fault._asdict() for fault in self.faults]
        images = {"images": self.images.to_json()}
        return {
            "splits": splits,
            "fields": self.fields,
            **(images if self.images.sources else {}),
            **({"values": {name: one.to_json() for name, one in self.values.items()}} if self.values else {}),
            "remarks": [remark._asdict() for remark in self.remarks],
            "fault_count": self.fault_count,
            "fatal_count": len(self.fatal),
            "faults": faults,
        }


def report(prepared: Prepared) -> Report:
    """Report on all data that `prepare` (tolerant) has read."""
    all_found: list[CachedRows | SplitFaults] = [*prepared.faults.values(), *prepared.split_faults.values()]
    faults = [fault for read in prepared.faults.values() for fault in read.faults]
    faults += [fault for found in prepared.split_faults.values() for fault in found.shown]
    fatal = [fault for one in all_found for fault in one.fatal]
    again = Counter(fatal) - Counter(set(fatal))  # of a file that several splits name
    train = prepared.splits.get("train")
    images = report_images(prepared.faults)
    remarks = [remark for read in prepared.faults.values() for remark in read.remarks]
    return Report(
        {name: report_split(split, train) for name, split in prepared.splits.items()},
        {name: kind.summary for name, kind in prepared.fields.all.items()},
        [fault for i, fault in enumerate(faults) if fault not in again or fault not in faults[:i]],
        sum(sum(one.counts.values()) for one in all_found) - again.total(),
        list(dict.fromkeys(fatal)),
        images,
        [*remarks, *column_remarks(prepared), *images.remarks],
        survey_values(prepared),
    )


def survey_values(prepared: Prepared) -> dict[str, ValueTable]:
    """The values of each input that can be measured, split by split."""
    found = {}
    for name, one in prepared.fields.inputs.items():
        if one.survey is not None:
            splits = {
                split.name: (split.columns[name], split.rows[split.present(name)])
                for split in prepared.splits.values()
            }
            found[name] = one.survey.table(splits)
    return found


def report_split(split: Split, train: Split | None) -> SplitReport:
    """Counts, lengths, coverage, duplicates and leaks of a split, compared with train if there is one."""
    names = tuple(split.fields.all)
    rows, inputs = hashes(split, names), hashes(split, tuple(split.inputs))
    distinct_pairs, distinct_inputs = len(np.unique(rows)), len(np.unique(inputs))
    texts = [name for name in names if split.has_tokens(name)]
    comparable = train is not None and split is not train and same_names(split, train)
    leaked, leak = leaks(split, train, inputs) if train is not None and comparable else (0, None)
    return SplitReport(
        examples=len(split),
        lengths={name: length_summary(split.lengths(name)[split.present(name)]) for name in texts},
        unknown=unknown_shares(split),
        duplicates=len(split) - distinct_pairs,
        several_answers=distinct_pairs - distinct_inputs,
        leaked=leaked,
        leak=leak,
        excess=excess(split),
        length_gap=None if train is None else length_gap(split, train),
    )


def unknown_shares(split: Split) -> dict[str, float]:
    """The share of tokens that the vocabulary does not have, by column that has a vocabulary."""
    return {
        name: one.coverage.count_unknown(split.columns[name], split.rows)
        / max(1, int(split.lengths(name).sum()))
        for name, one in split.fields.all.items()
        if one.coverage is not None
    }
