"""`jumok predict --processes`: the answers of one process, whatever stops or kills the others."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

import small_forecasts
from image_runs import draw_scene, trained
from jumok.errors import RunError
from jumok.files import read_whole
from jumok.predictor import load
from jumok.predictor.jobs.events import EmptyInputs, JobProgress, UnknownPiece
from jumok.scale import parts as finished_parts
from jumok.scale.forms import JsonForm, LinesForm, worker_form
from jumok.scale.job import PartsEnd, PartsFinished, PartsJob, answer_in_parts, local_crew
from jumok.scale.parts import PartAnswer, PartsFolder, part_size
from jumok.scale.worker import Order, answer_items
from jumok.scale.workers import MOST_DEATHS
from small_experiments import words

TESTS = Path(__file__).parents[1]
PYTHON = sys.executable  # whose process has the number that is killed
POISONED = (str(TESTS / "poisoned_worker.py"),)
pytestmark = pytest.mark.usefixtures("quick_processes")
WORDS = [*words(150, seed=5), "", "aßb", "poison", "fed"]


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of 20 inputs or fewer."""
    monkeypatch.setattr(finished_parts, "LEAST_INPUTS", 20)


@pytest.fixture
def file(tmp_path) -> Path:
    """A list of words."""
    (tmp_path / "in.txt").write_text("".join(f"{word}\n" for word in WORDS), encoding="utf-8")
    return tmp_path / "in.txt"


def order_of(run: Path, output: Path, form: str = "lines") -> Order:
    return Order(str(run), "cpu", {}, None, form, str(output))


def job_of(run: Path, output: Path, lines=WORDS, form: str = "lines") -> PartsJob:
    written = {"lines": LinesForm, "json": JsonForm}[form](output)
    return PartsJob(order_of(run, output, form), written, lambda: iter(lines), 2)


def here(begun: list[int], most: int | None = None):
    """A crew in this process, which notes what parts it begins and is interrupted after so many."""

    @contextmanager
    def crew(order, parts):
        predictor = load(order.run, order.device, order.decoding)
        form = worker_form(order.form, Path(order.output), predictor, order.threshold)

        def answers():
            for part in parts:
                if most is not None and len(begun) == most:
                    raise KeyboardInterrupt
                begun.append(part.number)
                yield part.number, answer_items(predictor, form, part.first, part.items)

        yield answers()

    return crew


@pytest.mark.parametrize("option", ["", "--best=2", "--json", "--method=sample"])
def test_two_processes_give_the_answers_of_one(jumok, reversal, file, small_parts, option):
    call = ["predict", reversal / "run", "--file", file, *option.split()]
    alone = jumok(*call, "--output", file.with_name("one"))
    together = jumok(*call, "--output", file.with_name("many"), "--processes", 2)
    assert together.status == alone.status == 0 and together.output == ""
    assert together.talk == alone.talk  # the same remarks about the same inputs
    one, many = (file.with_name(name).read_text() for name in ("one", "many"))
    if option == "--json":  # of other batches, so scores differ in their last digits
        one, many = ([(item["input"], item["text"]) for item in json.loads(text)] for text in (one, many))
    assert many == one and not list(file.parent.glob("*.parts"))


def test_parts_as_large_as_blocks_give_equal_bytes(jumok, reversal, file, tmp_path):
    one, many = tmp_path / "one.jsonl", tmp_path / "many.jsonl"
    jumok("predict", reversal / "run", "--file", file, "--output", one, "--json")
    job = job_of(reversal / "run", many, form="json")
    list(answer_in_parts(PartsJob(job.order, job.form, job.read, 1), here([])))
    assert many.read_bytes() == one.read_bytes()
    assert [json.loads(line)["input"] for line in many.read_text().splitlines()] == WORDS


def test_a_stopped_job_goes_on_from_its_finished_parts(reversal, tmp_path, small_parts):
    output, begun = tmp_path / "out.txt", []
    job = job_of(reversal / "run", output)
    with pytest.raises(KeyboardInterrupt):
        list(answer_in_parts(job, here(begun, most=3)))
    assert begun == [1, 2, 3] and not output.exists()
    broken = PartsFolder(output).folder / "000002.json"
    broken.write_bytes(read_whole(broken)[:-9])
    before, begun = begun, []
    alone = PartsJob(job.order, job.form, job.read, processes=1)  # parts keep their size
    events = list(answer_in_parts(alone, here(begun)))
    assert begun == [2, *range(4, 4 + len(begun) - 1)] and len(before) + len(begun) == 9
    assert events[0] == PartsFinished(40, len(WORDS))
    assert [one.done for one in events if isinstance(one, JobProgress)][-1] == len(WORDS)
    assert EmptyInputs(1, 151) in events and UnknownPiece("ß", 152) in events
    assert events[-1] == PartsEnd(len(WORDS), [])
    alone = tmp_path / "alone.txt"
    list(answer_in_parts(job_of(reversal / "run", alone), here([])))
    assert output.read_bytes() == alone.read_bytes()


def test_lines_that_cannot_be_read_are_told(jumok, reversal, tmp_path, small_parts):
    run, file, output = reversal / "run", tmp_path / "in.jsonl", tmp_path / "out.txt"
    lines = [json.dumps(word).encode() for word in WORDS[:150]]
    lines[2], lines[70], lines[100] = b'"d\xffe"', b"{oops", b'{"source": "abc"}'
    file.write_bytes(b"\n".join(lines))
    ended = jumok("predict", run, "--file", file, "--output", output, "--processes", 2)
    assert ended.status == 2 and "no answer: line 3: not UTF-8 (byte 3)" in ended.talk
    assert "no answer: line 71: no JSON" in ended.talk and "2 of 150 inputs got no answer" in ended.talk
    words = [*WORDS[:100], "abc", *WORDS[101:150]]
    expected = jumok("predict", run, given="\n".join(words).encode()).output.splitlines()
    expected[2] = expected[70] = ""
    assert output.read_text().splitlines() == expected


@pytest.mark.parametrize("change", ["inputs", "model", "options"])
def test_parts_of_another_prediction_are_refused(reversal, small_run, tmp_path, change, small_parts):
    output, runs = tmp_path / "out.txt", {"model": small_run}
    job = job_of(reversal / "run", output)
    with pytest.raises(KeyboardInterrupt):
        list(answer_in_parts(job, here([], most=1)))
    lines = WORDS[::-1] if change == "inputs" else WORDS
    form = "json" if change == "options" else "lines"
    other = job_of(runs.get(change, reversal / "run"), output, lines, form)
    with pytest.raises(Exception, match=rf"finished parts of another prediction \({change} differ\)"):
        list(answer_in_parts(other, here([])))
    again = PartsJob(other.order, other.form, other.read, 2, overwrite=True)
    begun: list[int] = []
    list(answer_in_parts(again, here(begun)))
    assert begun[0] == 1 and output.exists() and not PartsFolder(output).folder.exists()


def test_things_of_others_are_left_alone(reversal, tmp_path):
    folder = PartsFolder(tmp_path / "out.txt").folder
    folder.mkdir()
    (folder / "letters.txt").write_text("dear")
    with pytest.raises(Exception, match="holds other things"):
        list(answer_in_parts(job_of(reversal / "run", tmp_path / "out.txt"), here([])))
    assert (folder / "letters.txt").read_text() == "dear"


def test_two_calls_do_not_work_in_one_folder(reversal, tmp_path, small_parts):
    job = job_of(reversal / "run", tmp_path / "out.txt")
    events = answer_in_parts(job, here([]))
    next(events)
    with pytest.raises(Exception, match="another process is working here"):
        next(answer_in_parts(job, here([])))
    events.close()


def test_an_input_that_kills_its_process_is_told_and_the_others_are_done(
    reversal, tmp_path, small_parts, monkeypatch
):
    monkeypatch.setenv("POISON", "poison")
    output = tmp_path / "out.jsonl"
    events = list(answer_in_parts(job_of(reversal / "run", output, form="json"), local_crew(2, POISONED)))
    number = WORDS.index("poison") + 1
    ((found, why),) = events[-1].faults
    assert found == number and "killed (signal 9)" in why
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    assert [one["input"] for one in answers] == WORDS
    assert answers[number - 1] == {"input": "poison", "error": why}
    predicted = [one.text for one in load(reversal / "run").predict(WORDS)]
    assert [one.get("text") for one in answers] == [*predicted[: number - 1], None, *predicted[number:]]


def test_workers_that_die_of_everything_end_the_job(reversal, tmp_path, monkeypatch):
    monkeypatch.setenv("POISON", "")
    monkeypatch.setattr("jumok.scale.workers.MOST_DEATHS", 2)
    with pytest.raises(RunError, match="2 processes died one after another.*finished parts are kept"):
        list(answer_in_parts(job_of(reversal / "run", tmp_path / "out.txt"), local_crew(1, POISONED)))
    assert MOST_DEATHS > 2 and not (tmp_path / "out.txt").exists()


def test_a_worker_that_cannot_begin_ends_the_job(reversal, tmp_path):
    dying = ("-c", "raise SystemExit('no room')")
    with pytest.raises(RunError, match="could not load the model: its process ended with status 1: no room"):
        list(answer_in_parts(job_of(reversal / "run", tmp_path / "out.txt"), local_crew(1, dying)))


def test_a_killed_command_goes_on(reversal, file, tmp_path, jumok):
    """SIGKILL of the command, at any moment: its workers end, and the next call does the rest."""
    file.write_text("".join(f"{word}\n" for word in words(6000, seed=3)))
    call = ["predict", str(reversal / "run"), "--file", str(file), "--output", str(tmp_path / "out.txt")]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([PYTHON, "-m", "jumok", *call, "--processes", "2"], env=environment) as working:
        folder = PartsFolder(tmp_path / "out.txt").folder
        while not list(folder.glob("0*.json")) and working.poll() is None:
            time.sleep(0.02)
        working.send_signal(signal.SIGKILL)
    assert working.returncode == -signal.SIGKILL and not (tmp_path / "out.txt").exists()
    ended = jumok(*call, "--processes", 2)
    assert ended.status == 0 and "inputs were answered before" in ended.talk
    assert jumok(*call[:-2], "--output", tmp_path / "alone.txt").status == 0
    assert (tmp_path / "out.txt").read_text() == (tmp_path / "alone.txt").read_text()


def listed(folder: Path) -> dict[str, bytes]:
    """The files of a folder, without checksums, which stand in the order of their writing."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    }


@pytest.mark.parametrize("kind", ["boxes", "mask", "text"])
def test_a_folder_of_images_is_that_of_one_process(jumok, tmp_path, kind):
    images = tmp_path / "images"
    for seed, name in enumerate(("a.png", "b.png", "broken.png", "deep/c.png", "deep/d.png")):
        draw_scene(images / name, seed)
    (images / "broken.png").write_bytes(b"no image")
    ended = {
        name: jumok("predict", trained(kind) / "run", images, "--output", tmp_path / name, *more)
        for name, more in {"one": [], "many": ["--processes", 2]}.items()
    }
    one, many = ended.values()
    assert many.status == one.status == 2 and many.talk == one.talk.replace("/one:", "/many:")
    assert "1 of 5 images could not be read; the others are done" in many.talk
    expected, found = listed(tmp_path / "one"), listed(tmp_path / "many")
    assert found.keys() == expected.keys()
    told = [name for name in expected if name.endswith("images.json")]
    assert told and all(found[name] == expected[name] for name in told)


def test_charts_and_an_input_that_cannot_be_read(jumok, tmp_path):
    folder = small_forecasts.trained_forecast("flatten")
    table = folder / "waves.csv"
    (tmp_path / "in.txt").write_text(f"{table}#0:24\nnothing.csv\n{table}#5:29\n")
    call = ["predict", folder / "run", "--file", tmp_path / "in.txt", "--output", tmp_path / "charts"]
    ended = jumok(*call, "--processes", 2)
    assert ended.status == 2 and "1 of 3 inputs got no answer; the others are done" in ended.talk
    assert "no answer: input 2: nothing.csv" in ended.talk
    found = json.loads((tmp_path / "charts" / "predictions.json").read_text())
    assert [one.get("chart") for one in found] == ["00001.png", None, "00003.png"]
    assert "error" in found[1] and all((tmp_path / "charts" / found[i]["chart"]).exists() for i in (0, 2))


REFUSED = {
    "no output": (["--file", "{file}"], "--processes needs a file or folder as --output"),
    "a device": (["--file", "{file}", "--output", "/dev/null"], "--processes needs a file or folder"),
    "standard input": (["--output", "{out}"], "reads its inputs more than once"),
    "an input": (["--file", "{file}", "--output", "{file}"], "is one of the inputs and would be lost"),
    "a threshold": (
        ["--file", "{file}", "--output", "{out}", "--threshold", 0.5],
        "--threshold is for models",
    ),
    "a device that is not there": (["--file", "{file}", "--output", "{out}", "--device", "cuda:7"], "cuda"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(refused, reversal, file, name):
    given, sentence = REFUSED[name]
    given = [str(one).format(file=file, out=file.with_name("out.txt")) for one in given]
    assert sentence in refused("predict", reversal / "run", *given, "--processes", 2)
    assert not file.with_name("out.txt").exists()


@pytest.mark.parametrize("count", [0, 1, 7, 100, 999, 10**6])
@pytest.mark.parametrize("processes", [1, 2, 16])
def test_no_process_is_idle_and_no_part_is_larger_than_a_block(count, processes):
    size = part_size(count, processes, 2000)
    assert 1 <= size <= 2000
    assert size <= max(1, -(-count // processes))


def test_answers_to_one_input_make_those_of_a_part():
    one = PartAnswer(["x"], [], [], {"ß": 3})
    assert PartAnswer(**json.loads(json.dumps(one._asdict()))) == one
