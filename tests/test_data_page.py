"""docs/data.md and its Korean sister: every source that they show is read, and every refusal is what the code says."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from jumok.data.row import Row
from jumok.experiment import read_experiment

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {"en": DOCS / "data.md", "ko": DOCS / "data.ko.md"}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(
    r"^`([^`\n]+)`\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL
)  # a name, and what is in it
SECTION = re.compile(r"^## ", re.MULTILINE)
REFUSAL = re.compile(r"^- .*: `(.+)`$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def sections(language: str) -> list[str]:
    return SECTION.split(PAGES[language].read_text(encoding="utf-8"))[1:]


def shown() -> list[object]:
    """The sections with an experiment, by their headings."""
    return [pytest.param(one, id=one.splitlines()[0]) for one in sections("en") if "```yaml" in one]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the images and frames that the page names, in which code runs."""
    for name in ("photos/a.jpg", "photos/b.jpg", "photos/c.jpg", "captchas/2b827.png", "captchas/x3deb.png"):
        write_image(tmp_path / name)
    for number in range(1, 5):
        write_image(tmp_path / "clips" / "c1" / f"{number:03}.png")
    frames = [Image.new("RGB", (32, 24), (60 * number, 0, 0)) for number in range(4)]
    frames[0].save(tmp_path / "clips" / "c2.gif", save_all=True, append_images=frames[1:])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_image(path: Path, size: tuple[int, int] = (32, 24)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = sum(path.name.encode())
    noise = np.random.default_rng(seed).integers(0, 255, (*size[::-1], 3), np.uint8)
    Image.fromarray(noise).save(path)


@pytest.mark.parametrize("section", shown())
def test_what_a_section_shows_is_read(section: str, folder: Path) -> None:
    for name, text in FILE.findall(section):
        (folder / name).write_text(text, encoding="utf-8")
    for kind, code in BLOCK.findall(section):
        if kind == "python":
            exec(compile(code, "data.md", "exec"), {"__name__": "data"})
    for number, text in enumerate(code for kind, code in BLOCK.findall(section) if kind == "yaml"):
        file = folder / f"x{number}.yaml"
        file.write_text(text, encoding="utf-8")
        experiment = read_experiment(file)
        rows = list(experiment.data.train.build(experiment.inputs, experiment.outputs).rows())
        assert rows and all(isinstance(row, Row) for row in rows), rows


def test_both_languages_show_the_same() -> None:
    english, korean = (PAGES[language].read_text(encoding="utf-8") for language in PAGES)
    assert [without_comments(code) for code in BLOCK.findall(english)] == [
        without_comments(code) for code in BLOCK.findall(korean)
    ]
    assert FILE.findall(english) == FILE.findall(korean)
    assert LINK.findall(english.replace(".ko.md", ".md")) == LINK.findall(korean.replace(".ko.md", ".md"))


def without_comments(block: tuple[str, str]) -> tuple[str, str]:
    return block[0], re.sub(r"\s+#.*$", "", block[1], flags=re.MULTILINE)


@pytest.mark.parametrize("language", PAGES)
def test_links_lead_somewhere(language: str) -> None:
    for link in LINK.findall(PAGES[language].read_text(encoding="utf-8")):
        assert link.startswith("https://") or (DOCS / link).exists(), link


def lines(*rows: str) -> str:
    return "".join(row + "\n" for row in rows)


def signal(times: str, channels: str = "ax,ay", values: str = "0.1,0.2") -> str:
    return lines(f"time,{channels}", *(f"{time},{values}" for time in times.split("|")))


NOTES = "inputs: {note: {kind: text}}\noutputs: {species: {kind: label}}\n"
AGES = "inputs: {note: {kind: text}}\noutputs: {age: {kind: values}}\n"
MOTION = "inputs: {motion: {kind: series}}\noutputs: {exercise: {kind: label}}\n"
PEOPLE = MOTION.replace("series", "series, channels: [ax, ay]")
LOAD = "inputs: {past: {kind: series}}\noutputs: {load: {kind: forecast, horizon: 24}}\n"
CLIPS = (
    "inputs: {clip: {kind: frames, frames: 3, size: 16, encoder: {frame: {backbone: convolutional}}}}\n"
    "outputs: {gesture: {kind: label}}\n"
)
TABLES = "data: {train: {table: train.csv}, valid: {table: valid.csv}}"
ARRAYS = "data: {train: {arrays: x.npz}, split: {valid: 1}}"
WINDOWS = """data:
  train: {windows: load.csv, past: 24, rows: [0, 40]}
  valid: {windows: load.csv, past: 24, rows: [40, 71]}
"""
SAMPLES = "0.0|0.1|0.2|0.3"
LISTED = [f"a{number}.csv,{('press', 'swing')[number % 2]}" for number in range(4)]
SERIES = {f"a{number}.csv": signal(SAMPLES) for number in range(4)} | {
    "train.csv": lines("motion,exercise", *LISTED),
    "valid.csv": lines("motion,exercise", *LISTED),
}
LEAVES = [f"n{number},{('oak', 'ash')[number % 2]}" for number in range(12)]
NOTED = {"train.csv": lines("note,species", *LEAVES), "valid.csv": lines("note,species", *LEAVES)}
YEARS = [f"n{number},{number}.5" for number in range(12)]
HOURS = [f"2026-01-0{1 + hour // 24} {hour % 24:02}:00,{hour % 24}" for hour in range(72)]
AUTUMN = "|".join(f"2026-10-25 {clock}" for clock in ("02:00", "02:30", "02:00", "02:30", "03:00"))


class Refused(NamedTuple):
    """Data that are refused: a word of the message, an experiment, and its files."""

    word: str
    experiment: str
    files: dict[str, str] = {}
    arrays: dict[str, Any] = {}


def with_signal(word: str, text: str) -> Refused:
    """Four files of series, of which the third is this one."""
    return Refused(word, MOTION + TABLES, SERIES | {"a2.csv": text})


REFUSED = [
    Refused(
        "'elm'",
        NOTES + TABLES.replace("}}", "}, test: {table: test.csv}}"),
        NOTED | {"test.csv": lines("note,species", "a,oak", "b,elm")},
    ),
    Refused(
        "all 12 examples",
        NOTES + TABLES,
        {name: text.replace("oak", "ash") for name, text in NOTED.items()},
    ),
    Refused(
        "comma",
        AGES + "data: {train: {table: ages.tsv}, valid: {table: valid.csv}}",
        {
            "ages.tsv": lines("note,age", *YEARS).replace(",", "\t").replace("7.5", "7,5"),
            "valid.csv": lines("note,age", "a,3"),
        },
    ),
    Refused(
        "not finite",
        AGES + "data: {train: {table: ages.csv}, valid: {table: valid.csv}}",
        {"ages.csv": lines("note,age", *YEARS).replace("7.5", "nan"), "valid.csv": lines("note,age", "a,3")},
    ),
    Refused("'note' is empty", NOTES + TABLES, NOTED | {"train.csv": lines("note,species", *LEAVES, ",ash")}),
    with_signal("expected ax, ay", signal(SAMPLES, "ax,ay,az", "0.1,0.2,0.3")),
    Refused(
        "all NaN",
        MOTION + TABLES,
        SERIES | {f"a{number}.csv": signal(SAMPLES, values="0.1,") for number in range(4)},
    ),
    with_signal("0.1 after 0.2", signal("0.0|0.2|0.1|0.3")),
    with_signal("0.1 twice", signal("0.0|0.1|0.1|0.3")),
    with_signal("autumn", signal(AUTUMN)),
    Refused(
        "goes on here",
        PEOPLE + "data: {train: {recordings: all.csv, columns: {id: person}}, split: {valid: 1}}",
        {"all.csv": lines("person,exercise,ax,ay", "1,press,0,1", "2,swing,0,1", "1,press,1,0")},
    ),
    Refused(
        "different lengths",
        MOTION + ARRAYS,
        arrays={"motion": np.zeros((4, 5, 2)), "exercise": np.array([0, 1, 0])},
    ),
    Refused(
        "Python objects",
        MOTION + ARRAYS,
        arrays={"motion": np.array([np.zeros(3), np.zeros(4)], dtype=object), "exercise": np.array([0, 1])},
    ),
    Refused("48 steps to come", LOAD.replace("24", "48") + WINDOWS, {"load.csv": lines("date,load", *HOURS)}),
    Refused("7200 s after", LOAD + WINDOWS, {"load.csv": lines("date,load", *HOURS[:29], *HOURS[30:])}),
    Refused(
        "at random",
        LOAD + "data: {train: {windows: load.csv, past: 24}, split: {valid: 0.1}}",
        {"load.csv": lines("date,load", *HOURS)},
    ),
    Refused("lacks the frame", CLIPS + "data: {train: {table: clips.csv}, split: {valid: 1}}"),
    Refused("of the same clip", CLIPS + "data: {train: {table: sizes.csv}, split: {valid: 1}}"),
]


@pytest.fixture
def clips(folder: Path) -> Path:
    """Clips of which one lacks a frame, and one has a frame of another size."""
    for name in ("c0", "c3", "c4", "c5"):
        for number in range(1, 6):
            write_image(folder / name / f"{number:03}.png")
    (folder / "c4" / "003.png").unlink()
    write_image(folder / "c5" / "003.png", (40, 30))
    for table, name in (("clips.csv", "c4"), ("sizes.csv", "c5")):
        (folder / table).write_text(lines("clip,gesture", "c0,wave", "c3,point", f"{name},wave"))
    return folder


@pytest.mark.parametrize("refused", REFUSED, ids=[one.word for one in REFUSED])
def test_a_refusal_is_said_as_the_page_says(refused: Refused, clips: Path, jumok) -> None:
    for name, text in refused.files.items():
        (clips / name).write_text(text)
    if refused.arrays:
        np.savez(clips / "x.npz", **refused.arrays)
    (clips / "x.yaml").write_text(refused.experiment + "\nmodel: {width: 16, heads: 2}\n")
    ended = jumok("check", "x.yaml")
    assert ended.status == 2
    talk = ended.talk.replace(f"{clips}/", "")
    for language in PAGES:
        page = PAGES[language].read_text(encoding="utf-8")
        (message,) = (one for one in REFUSAL.findall(page) if refused.word in one)
        assert message in talk, talk


@pytest.mark.parametrize("language", PAGES)
def test_every_refusal_of_the_page_is_tried(language: str) -> None:
    found = REFUSAL.findall(PAGES[language].read_text(encoding="utf-8"))
    assert len(found) == len(REFUSED)
    assert all(any(one.word in said for one in REFUSED) for said in found)
