"""How a training looks while it goes on."""

import io
import time

import pytest
from rich.console import Console

from jumok import console
from jumok.metrics.interval import Interval
from jumok.reporting.numbers import duration
from jumok.training import display
from jumok.training.display import LiveDisplay, PlainDisplay, evaluation_line, make_display
from jumok.training.pace import TrainingClock
from jumok.training.reporter import EvaluationInfo, Progress, RunInfo

BEGAN = RunInfo("runs/x", 1234, {"train": 300}, {"source": 10}, "fp32", "cpu", 40, 0)
SCORES = {"token_error_rate": 0.25, "exact_match": 0.5, "bleu": 38.6}
EVALUATED = EvaluationInfo(20, 1, 1.5, SCORES, "exact_match", best=True)


def progress(step: int) -> Progress:
    return Progress(step, 40, 1, 0.5, 1e-3, 12_345.6, 1.0)


@pytest.fixture
def terminal(monkeypatch) -> io.StringIO:
    """What a terminal would get."""
    screen = io.StringIO()
    talk = Console(file=screen, force_terminal=True, width=110, markup=False, emoji=False, highlight=False)
    for module in (console, display):
        monkeypatch.setattr(module, "talk", talk)
    return screen


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1:00 min"),
        (185, "3:05 min"),
        (3599.6, "1:00:00 h"),
        (3900, "1:05:00 h"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """The time in seconds, to be set."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def walk(clock: list[float], counted: TrainingClock, steps: range, seconds: float) -> None:
    for step in steps:
        clock[0] += seconds
        counted.stepped(step)


def test_the_time_left_comes_from_the_pace_of_this_session(clock):
    counted = TrainingClock(start=19)
    walk(clock, counted, range(20, 21), 2.0)  # a training that goes on
    assert counted.left(20, 40) is None
    walk(clock, counted, range(21, 26), 2.0)
    assert counted.left(25, 40) == pytest.approx(30.0)  # 15 more steps, 2 seconds each


def test_the_time_left_comes_from_the_pace_of_late(clock):
    counted = TrainingClock()
    walk(clock, counted, range(1, 101), 10.0)  # a busy machine
    assert counted.left(100, 1000) == pytest.approx(9000)
    walk(clock, counted, range(101, 201), 1.0)  # idle again
    assert counted.left(200, 1000) == pytest.approx(800)


def test_evaluations_that_are_left_take_their_time(clock):
    counted = TrainingClock()
    walk(clock, counted, range(1, 11), 1.0)
    clock[0] += 60.0
    counted.evaluated(10)
    assert counted.left(10, 45) == pytest.approx(35 + 4 * 60)  # after 20, 30, 40 and 45
    walk(clock, counted, range(11, 21), 1.0)
    clock[0] += 20.0
    counted.evaluated(20)  # quicker this time
    assert counted.left(20, 45) == pytest.approx(25 + 3 * 20)


def test_scoring_tells_how_long_it_will_take(clock, capsys):
    shown = PlainDisplay()
    for done in (100, 200, 300, 400):
        clock[0] += 12.0
        shown.scoring(done, 400)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "scoring: 100 of 400 answers",
        "scoring: 200 of 400 answers  24 s left",
        "scoring: 300 of 400 answers  12 s left",
        "scoring: all 400 answers are there; computing scores and intervals",
    ]


def test_another_training_has_a_pace_of_its_own(clock):
    shown = PlainDisplay()
    for began in (1000.0, 9000.0):
        clock[0] = began
        shown.on_start(BEGAN)
        shown.on_step(progress(1))
        clock[0] += 4.0
        shown.on_step(progress(3))
        assert shown.clock.left(3, 40) == pytest.approx(74.0)  # 37 more steps, 2 seconds each


def test_shares_are_percents_and_bleu_is_itself():
    assert evaluation_line(EVALUATED) == (
        "step 20: valid loss 1.500  exact_match 50.00 %  token_error_rate 25.00 %  (best so far)"
    )
    assert "bleu 38.60 " in evaluation_line(EVALUATED._replace(selection_metric="bleu"))


def show_all(shown: PlainDisplay) -> None:
    shown.on_start(BEGAN)
    shown.on_step(progress(19))
    shown.on_step(progress(20))
    shown.on_evaluation(EVALUATED)
    shown.on_end()
    shown.message("done [here]")
    shown.on_scores("test", 40, {"exact_match": Interval(0.5, 0.4, 0.6)})


def test_on_a_terminal_a_line_moves_and_evaluations_stay(terminal):
    shown = make_display()
    assert isinstance(shown, LiveDisplay)
    show_all(shown)
    text = terminal.getvalue()
    assert "step 20/40" in text and "12,346 tokens/s" in text
    assert "exact_match 50.00 %" in text and "done [here]" in text and "40.00 % – 60.00 %" in text


def test_elsewhere_there_are_plain_lines(capsys):
    shown = make_display()
    assert not isinstance(shown, LiveDisplay)
    show_all(shown)
    output, talk = capsys.readouterr()
    assert output == "" and "\x1b" not in talk
    assert talk.startswith(
        "runs/x: training begins, 40 steps in fp32 on cpu\n  1,234 parameters; examples: 300 train"
    )
    assert "step 20/40" not in talk  # not more than one such line in ten seconds
