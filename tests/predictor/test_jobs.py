"""Jobs called from Python: the answers of the command, nothing printed, and warnings and progress as values."""

import io
import json
from pathlib import Path

import pytest

from image_runs import draw_scene, trained
from jumok.errors import DataError
from jumok.predictor import load
from jumok.predictor.jobs.answers import write_json_answers, write_lines
from jumok.predictor.jobs.events import (
    Answered,
    DrawnImages,
    EmptyInputs,
    HiddenImages,
    JobProgress,
    JobWarning,
    MoreUnknownPieces,
    RepeatedImages,
    UnknownPiece,
)
from jumok.predictor.jobs.image_files import each_once, named_images
from jumok.predictor.jobs.image_results import ImageResults
from jumok.predictor.jobs.stream import JobSummary, answer_images, answer_lines

LINES = ["abc", "fed", "", "aßb", "cab", "bca"]


def apart(events):
    """Answers, progress and warnings of a job."""
    found = list(events)
    answers = [one for one in found if isinstance(one, Answered)]
    progress = [one.done for one in found if isinstance(one, JobProgress)]
    return answers, progress, [one for one in found if isinstance(one, JobWarning)]


@pytest.mark.parametrize("at_once", [1, 4, 100])
def test_lines_get_the_answers_of_the_command(jumok, reversal, capsys, at_once):
    command = jumok("predict", reversal / "run", *LINES)
    document = jumok("predict", reversal / "run", *LINES, "--json").output
    capsys.readouterr()
    answers, progress, warnings = apart(answer_lines(load(reversal / "run"), LINES, at_once))
    lines, array = io.StringIO(), io.StringIO()
    write_lines(lines, answers)
    write_json_answers(array, answers)
    assert capsys.readouterr() == ("", "")
    assert lines.getvalue() == command.output
    if at_once == 100:  # as the command: scores of other batches differ in their last digits
        assert array.getvalue() == document
    assert progress == sorted(progress) and progress[-1] == len(LINES)
    assert warnings == [EmptyInputs(1, 3), UnknownPiece("ß", 4)]
    assert [f"note: {warning}" for warning in warnings] == command.talk.splitlines()


def test_an_answer_comes_before_the_next_input_is_asked_for(reversal):
    asked = []

    def lines():
        for line in LINES:
            asked.append(line)
            yield line

    for event in answer_lines(load(reversal / "run"), lines(), at_once=1):
        if isinstance(event, Answered):
            assert event.input == asked[-1]
    assert asked == LINES


def test_unknown_pieces_are_told_one_by_one_and_then_counted(reversal):
    *_, warnings = apart(answer_lines(load(reversal / "run"), ["äöü", "ßñ"]))
    assert warnings == [UnknownPiece(one, 1) for one in "äöü"] + [MoreUnknownPieces(2)]


def scene_files(folder: Path) -> list[Path]:
    files = [folder / "a.png", folder / "b.png", folder / "broken.png", folder / "c.png"]
    for seed, file in enumerate(files):
        draw_scene(file, seed)
    files[2].write_bytes(b"no image")
    return files


@pytest.mark.parametrize("kind", ["boxes", "mask", "text"])
def test_images_get_the_answers_of_the_command(jumok, capsys, tmp_path, kind):
    files, run = scene_files(tmp_path), trained(kind) / "run"
    command = jumok("predict", run, *files, "--json")
    capsys.readouterr()
    summary = JobSummary()
    answers, progress, warnings = apart(answer_images(load(run), files))
    array = io.StringIO()
    write_json_answers(array, summary.counted(answers))
    assert capsys.readouterr() == ("", "")
    assert array.getvalue() == command.output and command.status == 2
    assert progress[-1] == 4 and warnings == []
    assert summary.done == 3 and [str(reason) for reason in summary.unread] == [str(answers[2].answer)]
    assert isinstance(answers[2].answer, DataError)


def test_a_threshold_of_one_job_is_not_that_of_another(tmp_path):
    files, predictor = scene_files(tmp_path)[:2], load(trained("boxes") / "run")
    before, *_ = apart(answer_images(predictor, files))
    many, *_ = apart(answer_images(predictor, files, threshold=0.0))
    after, *_ = apart(answer_images(predictor, files))
    assert predictor.least is None and before == after
    counts = [[str(one.answer).count(",") for one in answers] for answers in (before, many)]
    assert sum(counts[1]) > sum(counts[0])


def test_a_folder_of_results_is_that_of_the_command(jumok, capsys, tmp_path):
    files, run = scene_files(tmp_path / "in"), trained("boxes") / "run"
    jumok("predict", run, *files, "--output", tmp_path / "theirs")
    capsys.readouterr()
    predictor = load(run)
    (read,) = predictor.inputs.values()
    results = ImageResults(tmp_path / "ours", read, predictor.outputs, files)
    answers, *_ = apart(answer_images(predictor, files))
    results.write(one.answer for one in answers)
    assert capsys.readouterr() == ("", "")
    for name in ("predictions.json", "images.json", "a.jpg", "b.jpg", "c.jpg"):
        assert (tmp_path / "ours" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes()
    names = [file for file in named_images([str(tmp_path)]) if not isinstance(file, JobWarning)]
    assert names == sorted(files)
    assert json.loads((tmp_path / "ours" / "images.json").read_text())["unreadable"]


def test_what_is_left_out_of_a_folder_is_a_warning(jumok, capsys, tmp_path):
    files = scene_files(tmp_path)[:2]
    draw_scene(tmp_path / ".hidden.png", 5)
    jumok("predict", trained("boxes") / "run", files[0], "--output", tmp_path / "out")
    capsys.readouterr()
    found = list(named_images([str(tmp_path), str(files[0])]))
    hidden, drawn = found[:2]
    assert hidden == HiddenImages(tmp_path, 1, tmp_path / ".hidden.png")
    assert drawn == DrawnImages(tmp_path, 1)
    assert each_once(found[2:])[1] == [RepeatedImages(1)] and found[-1] == files[0]
    assert capsys.readouterr() == ("", "")


def test_jobs_say_nothing():
    """No job knows of the console."""
    import jumok.predictor.jobs as jobs

    for file in Path(jobs.__path__[0]).glob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "jumok.console" not in text and "print(" not in text
