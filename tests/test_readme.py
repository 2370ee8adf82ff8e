"""Both READMEs: what they say to type works, in the order in which they say it; their files and links are real."""

import gzip
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.main import get_command

import jumok as package
from image_sets import voc, voc_object
from jumok.attention.multihead import MultiHeadAttention
from jumok.cli.main import app
from jumok.experiment import read_experiment
from small_experiments import words

ROOT = Path(__file__).parents[1]
PAGES = {"en": ROOT / "README.md", "ko": ROOT / "README.ko.md"}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
SMALL_TEXT = ("model.width=16", "model.heads=2", "model.dropout=0.1", "training.batch_tokens=512")
SMALL_IMAGE = ("inputs.photo.size=64", "inputs.photo.encoder={backbone: convolutional}", "model.width=16")
SMALL_SERIES = ("model.width=16", "model.heads=2")
SMALL = {  # what makes a training of each file one of seconds
    "translate.yaml": SMALL_TEXT,
    "cells.yaml": SMALL_IMAGE,
    "leaves.yaml": SMALL_IMAGE,
    "photos.yaml": SMALL_IMAGE,
    "motion.yaml": SMALL_SERIES,
    "load.yaml": SMALL_SERIES,
}
SHOWN_FILES = {  # files that the page shows without their names, by a word that only they have
    "cells.yaml": "kind: boxes",
    "motion.yaml": "arrays:",
    "load.yaml": "windows:",
    "leaves.yaml": "modality_dropout:",
}
FEW = ("training.steps=2", "training.evaluate_every=1", "training.warmup=1", "training.precision=fp32")
# tried by tests of their own, or changing a person's shell
LONG = ("demo", "label", "serve", "sweep", "prove", "--install-completion")
MADE = ("recipes/", "-sweep/", "-label/")  # files of a data set, or made by those


def blocks(language: str, kind: str) -> list[str]:
    return [code for name, code in BLOCK.findall(PAGES[language].read_text(encoding="utf-8")) if name == kind]


def lines(language: str) -> Iterator[list[str]]:
    """The words of every line that a reader is told to type, without comments; a pipe is several lines."""
    for console in blocks(language, "console"):
        for line in console.replace("\\\n", " ").splitlines():
            if line.startswith("$ "):
                said = shlex.split(line.removeprefix("$ "), comments=True)
                said = said[: said.index(">")] if ">" in said else said  # a shell's redirection
                while "|" in said:
                    yield said[: said.index("|")]
                    said = said[said.index("|") + 1 :]
                yield said


def commands(language: str) -> list[list[str]]:
    """The calls of jumok among them."""
    return [said[1:] for said in lines(language) if said[0] == "jumok"]


def parsed(said: list[str]) -> dict[str, object]:
    """The options of a call; an unknown one is refused."""
    found: dict[str, object] = get_command(app).commands[said[0]].make_context(said[0], said[1:]).params  # type: ignore[attr-defined]
    return found


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, small_run: Path) -> Path:
    """A folder with the data that the README speaks of, made small, and a run of the demo's name."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(small_run, folder / "runs" / "numbers")
    for part, seed, count in (("train", 0, 120), ("val", 1, 12)):
        texts = words(count, seed)
        for language, ending in (("german", "de"), ("english", "en")):
            text = "\n".join(t if ending == "de" else t[::-1] for t in texts) + "\n"
            (folder / f"{part}.{ending}.gz").write_bytes(gzip.compress(text.encode()))
            (folder / f"{part}.{language}").write_text(text)
    for number in range(6):
        split = "train" if number < 4 else "val"
        voc(folder / "bccd", voc_object("RBC", 5, 6, 30, 40), f"c{number}", split)
    shutil.copytree(folder / "bccd" / "JPEGImages", folder / "photos")
    write_signals(folder)
    rows = [
        f"photos/c{number % 6}.png,{'a note' * (number % 2)},{'oak' * (number % 3 == 0) or 'ash'}"
        for number in range(30)
    ]
    (folder / "leaves.csv").write_text("\n".join(["photo,note,species", *rows]) + "\n")
    for name, mark in SHOWN_FILES.items():
        shown = next(text for text in blocks("en", "yaml") if mark in text)
        (folder / name).write_text(shown)
    return folder


def write_signals(folder: Path) -> None:
    """The arrays, tables and series that the page speaks of, made small."""
    random = np.random.default_rng(0)
    for split, count in (("train", 40), ("valid", 10)):
        exercise = np.array(["swing", "press"])[np.arange(count) % 2]
        np.savez(folder / f"{split}.npz", motion=random.normal(size=(count, 40, 3)), exercise=exercise)
    np.savetxt(folder / "new.csv", random.normal(size=(40, 3)), "%.3f", ",")
    hours = np.arange(2600)
    dates = np.datetime64("2026-01-01T00") + hours
    load = np.sin(2 * np.pi * hours / 24) + 0.1 * random.normal(size=len(hours))
    lines = [f"{date},{value:.3f}" for date, value in zip(dates, load, strict=True)]
    (folder / "load.csv").write_text("\n".join(["date,load", *lines]) + "\n")
    (folder / "last-week.csv").write_text("\n".join(["date,load", *lines[-168:]]) + "\n")


@pytest.mark.parametrize("language", PAGES)
def test_every_command_is_real(language: str) -> None:
    assert commands(language)
    for said in commands(language):
        if said[0].startswith("--"):
            assert said[0] in [option for one in get_command(app).params for option in one.opts]
            continue
        assert parsed(said) is not None
        if said[0] == "compare":
            assert (ROOT / said[1]).exists() or said[1] in SMALL or "-label/" in said[1]


def test_both_say_the_same_commands_and_code() -> None:
    assert [*lines("en")] == [*lines("ko")]
    for kind in ("yaml", "python"):
        ours, theirs = ([without_comments(code) for code in blocks(page, kind)] for page in PAGES)
        assert ours == theirs


def without_comments(code: str) -> list[str]:
    stripped = (re.sub(r"\s*#.*$", "", line) for line in code.splitlines())
    return [line for line in stripped if line]


def test_what_it_says_to_type_works_in_this_order(jumok, workplace, monkeypatch) -> None:
    monkeypatch.chdir(workplace)
    for said in commands("en"):
        if said[0] in LONG or any(part in word for word in said for part in MADE):
            continue
        if said[:2] == ["new", "cells.yaml"]:  # the page shows another one of this name
            said = ["new", "cells-new.yaml", *said[2:]]
        if (
            said[0] == "look" and "--output" not in said
        ):  # serves until it is stopped: tests/cli/test_cli_look.py
            continue
        if any(word.startswith("runs/") and not Path(word).exists() for word in said[1:2]):
            shutil.copytree("runs/numbers", said[1])  # of a demo, or of a second model
        ended = jumok(*globbed(said), *small(said))
        assert ended.status == 0, (said, ended.talk)


def globbed(said: list[str]) -> list[str]:
    """As the shell gives the words of a line."""
    return [str(found) for word in said for found in (sorted(Path().glob(word)) if "*" in word else [word])]


def small(said: list[str]) -> list[str]:
    """What makes a training of the README one of seconds."""
    if said[0] not in ("train", "compare", "check"):
        return []
    return [word for setting in (*FEW, *SMALL[said[1]]) for word in ("--set", setting)]


@pytest.mark.parametrize("text", blocks("en", "yaml"))
def test_experiments_are_real(text: str, workplace, tmp_path: Path) -> None:
    file = workplace / "shown.yaml"
    file.write_text(text)
    assert read_experiment(file)


def test_python_works_as_written(workplace, monkeypatch, capsys) -> None:
    monkeypatch.chdir(workplace)
    if not Path("translate.yaml").exists():
        Path("translate.yaml").write_text(blocks("en", "yaml")[0])
    monkeypatch.setattr(package, "train", lambda experiment, run: trained(experiment, workplace))
    model, x = MultiHeadAttention(8, heads=4), torch.randn(1, 6, 8)
    tokens = [str(number) for number in range(6)]
    names = {"model": model, "inputs": {"x": x, "memory": x}, "name": "", "written": tokens, "read": tokens}
    for code in blocks("en", "python"):
        exec(compile(code, "README.md", "exec"), dict(names))
    assert len(capsys.readouterr().out.splitlines()) >= 3  # two predictions and a score


def trained(experiment, workplace: Path):
    """The training that the README asks for, cut short."""
    from jumok.training import train

    smaller = [*FEW, *SMALL_TEXT]
    file = workplace / "translate.yaml"
    assert experiment.training.steps == 200
    return train(read_experiment(file, smaller), workplace / "runs" / "python")


@pytest.mark.parametrize("language", PAGES)
def test_links_lead_somewhere(language: str) -> None:
    for link in LINK.findall(PAGES[language].read_text(encoding="utf-8")):
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_recipes_are_real() -> None:
    files = sorted((ROOT / "recipes").glob("*.yaml"))
    assert files
    about = (ROOT / "recipes" / "README.md").read_text(encoding="utf-8")
    for file in files:
        assert read_experiment(file) and f"`{file.stem}`" in about
