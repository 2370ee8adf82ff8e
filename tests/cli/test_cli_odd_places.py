"""Odd names, pipes, devices, full and closed outputs: what a command cannot read or write is told in a sentence."""

import gzip
import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from image_runs import draw_scene, trained
from jumok.outputs import WRITTEN

LONG = "x" * 300
has_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")


@pytest.fixture
def run(reversal) -> Path:
    return reversal / "run"


@pytest.fixture
def shell(python) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a line in a shell, with paths by name; `jumok` is ours."""

    def run(command: str, **names: Path) -> subprocess.CompletedProcess[str]:
        words = {**names, "jumok": " ".join([*python, "-m", "jumok"])}
        done = subprocess.run(
            command.format(**words), shell=True, capture_output=True, text=True, timeout=120
        )
        assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
        return done

    return run


@pytest.mark.parametrize(
    "name", [LONG, f"{LONG}/{LONG}", "a long sentence, where the run was forgotten " * 8]
)
@pytest.mark.parametrize("command", ["predict", "evaluate", "report", "look"])
def test_a_name_that_no_run_can_have(refused, name, command):
    sentence = refused(command, name, *(["x"] if command == "predict" else []))
    assert "there is no such run or model folder" in sentence and len(sentence) < 220


def test_a_forgotten_run_is_guessed(refused, tmp_path):
    assert "the run comes before the inputs" in refused("predict", "Ein Hund rennt.")
    (tmp_path / "file").write_text("")
    assert "is a file; name the folder of a run" in refused("predict", tmp_path / "file", "x")


@pytest.mark.parametrize("option", ["--file", "--output"])
def test_a_name_that_no_file_can_have(refused, run, option):
    words = [] if option == "--file" else ["a"]
    assert "error" not in refused("predict", run, *words, option, LONG)


def test_what_is_no_list(refused, run, tmp_path):
    assert "is a folder; name a file" in refused("predict", run, "--file", tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    assert "no such file" in refused("predict", run, "--file", tmp_path / "loop")
    assert "a line of more than" in refused("predict", run, "--file", "/dev/zero")


@pytest.mark.parametrize("compressed", [False, True])
def test_a_pipe_is_read_as_a_file_is(jumok, run, tmp_path, compressed):
    pipe, data = tmp_path / "pipe", b"abc\nde\n"
    os.mkfifo(pipe)
    writer = threading.Thread(
        target=lambda: pipe.write_bytes(gzip.compress(data) if compressed else data), daemon=True
    )
    writer.start()
    ended = jumok("predict", run, "--file", pipe)
    writer.join(10)
    assert ended.output == jumok("predict", run, "abc", "de").output and ended.status == 0


def test_what_is_no_image(refused, tmp_path):
    run = trained("boxes") / "run"
    os.mkfifo(tmp_path / "pipe.png")
    assert "neither a file nor a folder" in refused("predict", run, tmp_path / "pipe.png")
    assert "is no image file" in refused("predict", run, LONG)


def test_an_empty_file_may_be_written(jumok, run, tmp_path):
    """As mktemp makes it; who may read it stays."""
    out = tmp_path / "out"
    out.touch(0o600)
    assert jumok("predict", run, "abc", "--output", out).status == 0
    assert out.read_text() == jumok("predict", run, "abc").output and out.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_a_link(jumok, run, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert jumok("predict", run, "abc", "--output", tmp_path / "link").status == 0
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").is_file()


def test_a_json_document_is_whole_or_not_there(refused, run, tmp_path):
    (tmp_path / "in.jsonl").write_text('"abc"\n' * 2500 + "{\n")
    assert "line 2501: no JSON" in refused("predict", run, "--json", "--file", tmp_path / "in.jsonl")


def test_a_device_is_written_and_stays_one(jumok, run, tmp_path):
    for words in (("predict", run, "abc"), ("look", run, "--input", "abc")):
        assert jumok(*words, "--output", "/dev/null").status == 0
    assert Path("/dev/null").is_char_device()


@has_full
@pytest.mark.parametrize("words", ["predict {run} abc", "predict {run} abc --json"])
def test_a_full_standard_output(shell, run, words):
    done = shell(f"{{jumok}} {words} > /dev/full", run=run)
    assert done.returncode == 2 and "No space left on device" in done.stderr


@has_full
def test_a_full_disk_under_an_output(refused, run):
    assert "/dev/full could not be written (No space left" in refused(
        "predict", run, "a", "--output", "/dev/full"
    )


def test_a_reader_that_goes_away(shell, run, tmp_path):
    (tmp_path / "in").write_text("abc\n" * 5000)
    done = shell("{jumok} predict {run} --file {list} | head -1", run=run, list=tmp_path / "in")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 1 and "error" not in done.stderr


@pytest.mark.parametrize("words", ["--file {list} >> {list}", "< {list} >> {list}"])
def test_standard_output_never_goes_into_what_is_read(shell, run, tmp_path, words):
    file = tmp_path / "list"
    file.write_text("abc\nde\n")
    done = shell(f"{{jumok}} predict {{run}} {words}", run=run, list=file)
    assert done.returncode == 2 and "standard output goes into the file" in done.stderr
    assert file.read_text() == "abc\nde\n"


def test_scores_are_told_where_they_cannot_be_kept(jumok, run, tmp_path, monkeypatch):
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    assert jumok("evaluate", copy).status == 0  # which also fills the cache
    before = {path: path.read_bytes() for path in copy.glob("*.json")}

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jumok.files.write_synced", full)
    ended = jumok("evaluate", copy)
    assert ended.status == 0 and "exact_match" in ended.talk
    assert "the scores are not kept in the run" in ended.talk and "No space left" in ended.talk
    assert {path: path.read_bytes() for path in copy.glob("*.json")} == before


# --- what predict wrote itself


def test_drawings_are_no_inputs(jumok, refused, tmp_path):
    run = trained("mask") / "run"
    draw_scene(tmp_path / "p0.png", 0)
    assert jumok("predict", run, tmp_path, "--output", tmp_path / "out").status == 0
    ended = jumok("predict", run, tmp_path)
    assert len(ended.output.splitlines()) == 1
    assert "2 image(s) below" in ended.talk and "wrote them itself" in ended.talk
    assert "holds no images" in refused("predict", run, tmp_path / "out")
    draw_scene(tmp_path / "out" / "p0.jpg", 3)  # changed by a person
    assert len(jumok("predict", run, tmp_path).output.splitlines()) == 2


def test_a_kill_leaves_no_half_file(jumok, python, tmp_path):
    """What the last process left is removed by the next one that writes there."""
    run, out = trained("boxes") / "run", tmp_path / "out"
    draw_scene(tmp_path / "p0.png", 0)
    code = (
        "import os, jumok.predictor.jobs.image_results as folder\n"
        "from jumok.cli import main\n"
        "def killed(*rest): os.kill(os.getpid(), 9)\n"
        "folder.ImageResults.keep = killed\n"
        f"main(['predict', {str(run)!r}, {str(tmp_path / 'p0.png')!r}, '--output', {str(out)!r}])"
    )
    done = subprocess.run([*python, "-c", code], capture_output=True, timeout=120)
    assert done.returncode == -9
    assert not any(not path.name.startswith(".") for path in out.iterdir())
    assert jumok("predict", run, tmp_path / "p0.png", "--output", out).status == 0
    assert {path.name for path in out.iterdir()} == {"p0.jpg", "predictions.json", "images.json", WRITTEN}
    assert json.loads((out / "images.json").read_text())["images"][0]["id"] == "p0"


@pytest.mark.parametrize("closed", ["<&-", "<&- >&- 2>&-"])
def test_closed_streams_are_empty_ones(run, closed):
    """A process of its own, for a preloaded one has streams."""
    line = f"{shlex.quote(sys.executable)} -m jumok predict {shlex.quote(str(run))} {closed}"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout) == (0, "") and "Traceback" not in done.stderr


def test_images_that_cannot_be_opened_are_told(jumok, tmp_path):
    """A link that leads nowhere and a pipe are named by whoever lists a folder."""
    run = trained("boxes") / "run"
    folder = tmp_path / "photos"
    folder.mkdir()
    draw_scene(folder / "a.png", 0)
    os.symlink(tmp_path / "gone.png", folder / "b.png")
    os.mkfifo(folder / "c.png")
    ended = jumok("predict", run, folder)
    assert ended.status == 2 and "2 of 3 images could not be read" in ended.talk
    assert "b.png: does not exist" in ended.talk and "c.png: is no ordinary file" in ended.talk
