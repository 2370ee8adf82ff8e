"""How a training looks while it goes on."""

import io

import pytest
from rich.console import Console

from jumok import console
from jumok.metrics.interval import Interval
from jumok.reporting.numbers import duration
from jumok.training import display
from jumok.training.display import Clock, LiveDisplay, PlainDisplay, evaluation_line, make_display
from jumok.training.reporter import Began, Evaluated, Progress

BEGAN = Began("runs/x", 1234, {"train": 300}, {"source": 10}, "fp32", "cpu", 40, 0)
SCORES = {"token_error_rate": 0.25, "exact_match": 0.5, "bleu": 38.6}
EVALUATED = Evaluated(20, 1, 1.5, SCORES, "exact_match", best=True)


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


def test_the_time_left_comes_from_the_pace_of_this_session(monkeypatch):
    now = iter([100.0, 110.0])
    monkeypatch.setattr(display.time, "monotonic", lambda: next(now))
    clock = Clock()
    clock.tick(progress(20))  # a training that goes on
    assert clock.left(progress(20)) is None
    assert clock.left(progress(25)) == pytest.approx(30.0)  # 15 more steps, 2 seconds each


def test_another_training_has_a_pace_of_its_own(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: now[0])
    shown = PlainDisplay()
    for began in (1000.0, 9000.0):
        now[0] = began
        shown.began(BEGAN)
        shown.stepped(progress(1))
        now[0] += 4.0
        shown.stepped(progress(3))
        assert shown.clock.left(progress(3)) == pytest.approx(74.0)  # 37 more steps, 2 seconds each


def test_shares_are_percents_and_bleu_is_itself():
    assert evaluation_line(EVALUATED) == (
        "step 20: valid loss 1.500  exact_match 50.00 %  token_error_rate 25.00 %  (best so far)"
    )
    assert "bleu 38.60 " in evaluation_line(EVALUATED._replace(chooses="bleu"))


def show_all(shown: PlainDisplay) -> None:
    shown.began(BEGAN)
    shown.stepped(progress(19))
    shown.stepped(progress(20))
    shown.evaluated(EVALUATED)
    shown.ended()
    shown.said("done [here]")
    shown.scored("test", 40, {"exact_match": Interval(0.5, 0.4, 0.6)})


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
