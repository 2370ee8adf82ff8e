"""The page of suspected annotations, and what is listed of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jumok.evaluation.mistakes.row_images import RowImages
from jumok.evaluation.mistakes.suspicions import CheckedRows, Suspicion, by_row
from jumok.reporting.label_links import label_command, link_to
from jumok.reporting.page import render

if TYPE_CHECKING:
    from jumok.dataset.split import Split

MOST_CHARACTERS = 300  # of an input on the page


@dataclass(frozen=True)
class CheckedSplit:
    """What is told of a split that was looked through."""

    name: str
    rows: int
    is_seen: bool  # by the model
    labelled: str | None  # the split that the label page opens to show its rows, if it can


@dataclass(frozen=True)
class MistakeReport:
    """What was looked through, and what is suspected, best first."""

    run: str
    experiment: str  # the file, as a command names it
    splits: Sequence[CheckedSplit]
    folds: int  # 0: each row was compared with the run's own model
    total: int  # suspicions, listed or not
    found: Sequence[Suspicion]
    keys: Sequence[str]  # of each suspicion, in the label page
    parts: Sequence[CheckedRows]

    def link(self, one: Suspicion, key: str) -> str | None:
        """The address of the row of a suspicion in the label page, if it can be opened there."""
        name = self.parts[one.part].split.name
        labelled = next(of.labelled for of in self.splits if of.name == name)
        return None if labelled is None else link_to(key, labelled)

    def commands(self) -> dict[str, str]:
        """The commands that open the rows in the label page, by the split that each of them opens."""
        opened = dict.fromkeys(one.labelled for one in self.splits if one.labelled is not None)
        return {name: label_command(self.experiment, self.run, name) for name in opened}

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "model": self.run,
            "splits": [
                {"name": one.name, "rows": one.rows, "seen_by_the_model": one.is_seen} for one in self.splits
            ],
            "folds": self.folds or None,
            "total": self.total,
            "mistakes": [
                {
                    "rank": rank,
                    "split": self.parts[one.part].split.name,
                    "key": key,
                    "file": str(self.parts[one.part].split.files[0]),
                    "line": self.parts[one.part].split.line(one.example),
                    "row": row_name(self.parts[one.part].split, one.example),
                    "output": one.output,
                    **one.what.to_json(),
                    "link": self.link(one, key),
                }
                for rank, (one, key) in enumerate(zip(self.found, self.keys, strict=True), 1)
            ],
        }

    def html(self, images: Mapping[tuple[int, int], RowImages]) -> str:
        """The page, with the images of each row by its part and example."""
        ranks = {id(one): rank for rank, one in enumerate(self.found, 1)}
        keys = {id(one): key for one, key in zip(self.found, self.keys, strict=True)}
        commands = self.commands()
        labelled = {one.name: one.labelled for one in self.splits}
        rows = [
            {
                "name": row_name(self.parts[part].split, example),
                "place": place_of_row(self.parts[part].split, example),
                "split": self.parts[part].split.name,
                "link": self.link(found[0], keys[id(found[0])]),
                "command": commands.get(labelled[self.parts[part].split.name] or ""),
                "inputs": texts_of(self.parts[part].split, example),
                "found": [{"rank": ranks[id(one)], "what": one.what, "output": one.output} for one in found],
                "images": images[part, example],
            }
            for (part, example), found in by_row(self.found).items()
        ]
        several = len(self.parts[0].split.outputs) > 1 if self.parts else False
        return render(
            "mistakes.html",
            {
                "title": f"mistakes in {self.experiment}",
                "report": self,
                "commands": list(commands.values()),
                "rows": rows,
                "several": several,
            },
        )


def row_name(split: "Split", example: int) -> str:
    """What a row is called: the file that it is read from, or its line."""
    for name, field in split.inputs.items():
        if field.reads_files and split.text(name, example):
            return split.text(name, example)
    return f"row {split.line(example)}"


def place_of_row(split: "Split", example: int) -> str:
    """The file of the annotations and the line in it; the folder alone, where each image has a file of its own."""
    file = split.files[0]
    return file.name if file.is_dir() else f"{file.name}:{split.line(example)}"


def texts_of(split: "Split", example: int) -> dict[str, str]:
    """The inputs that are texts, the beginning of long ones."""
    found = {}
    for name, field in split.inputs.items():
        if not field.reads_files and field.array is None:
            text = split.text(name, example)
            found[name] = text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
    return found
