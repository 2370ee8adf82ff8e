"""Help, versions, completion, and mistakes of the command line itself."""

import os
import re
import subprocess
import sys
from importlib.metadata import version

import pytest

from jumok.cli.help import Group
from jumok.cli.main import app

NAMES = sorted(str(command.name) for command in app.registered_commands)


def test_every_command_is_in_the_help_with_one_whole_line(jumok):
    output = jumok("--help").output
    assert sorted(name for names in Group.groups.values() for name in names) == NAMES
    for command in app.registered_commands:
        assert re.search(rf"^  {command.name} +{re.escape(command.short_help)}$", output, re.MULTILINE)


@pytest.mark.parametrize("command", [None, *NAMES])
def test_h_is_help(jumok, command):
    words = [] if command is None else [command]
    assert jumok(*words, "-h").output == jumok(*words, "--help").output


@pytest.mark.parametrize("command", NAMES)
def test_help_is_plain(jumok, command):
    """No line is wider than a terminal, flags take no value, types have names that people use."""
    output = jumok(command, "--help").output
    assert max(map(len, output.splitlines())) <= 80
    assert "`" not in output and "<" not in output.replace("->", "")
    assert not re.search(r"--json \S+  ", output)
    assert "[[" not in output and "{" not in output.replace("{kind:", "")


@pytest.mark.parametrize(
    ("command", "choices"),
    [
        ("predict", "--method beam|greedy|sample"),
        ("predict", "--precision fp32|bf16"),
        ("evaluate", "--method beam|greedy|sample"),
        ("look", "--precision fp32|bf16"),
        ("demo", "--output boxes|mask|text"),
        ("label", "--kind boxes|mask|label|text"),
        ("convert", "--to coco|voc|yolo|masks"),
    ],
)
def test_choices_are_shown(jumok, command, choices):
    assert choices in jumok(command, "--help").output


@pytest.mark.parametrize("words", [["demo", "digts"], ["predict", "run", "--method", "bem"]], ids=" ".join)
def test_a_wrong_choice_is_told_with_the_right_ones(jumok, words):
    ended = jumok(*words)
    assert ended.status == 2 and "is not one of" in ended.talk
    assert "Value error" not in ended.talk and words[-1] in ended.talk


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_versions(jumok, option):
    ended = jumok(option)
    assert ended.status == 0
    assert ended.output.startswith(f"jumok {version('jumok')} ") and version("torch") in ended.output


def test_completion_of_a_shell():
    asks = {"_JUMOK_COMPLETE": "complete_bash", "COMP_WORDS": "jumok pre", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "jumok"],
        env={**os.environ, **asks},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["predict"]


@pytest.mark.parametrize("word", ["\udcb0\udca1.jpg", "a\ud800b", "a\0b"])
@pytest.mark.parametrize(
    "words",
    [
        ["predict", "{}", "1"],
        ["predict", "run", "{}"],
        ["train", "{}"],
        ["check", "x.yaml", "--set", "model.width={}"],
        ["{}"],
        ["demo", "--run", "{}"],
        ["runs", "{}"],
    ],
    ids=" ".join,
)
def test_words_that_are_no_text_are_refused(refused, words, word):
    sentence = refused(*(part.format(word) for part in words))
    assert "is not UTF-8" in sentence or "NUL character" in sentence


def test_bytes_that_are_no_text_are_shown(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "jumok", "predict", b"\xb0\xa1.jpg"],
        capture_output=True,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert rb"'\xb0\xa1.jpg' on the command line is not UTF-8" in done.stderr


@pytest.mark.parametrize(
    "words",
    [["predict", "{}", "1"], ["train", "{}"], ["evaluate", "{}"], ["runs", "{}"], ["look", "{}"]],
    ids=" ".join,
)
@pytest.mark.parametrize(
    "odd", ["x" * 300, "loop", "/dev/null/x", " "], ids=["long", "loop", "below a device", "blank"]
)
def test_odd_paths_are_told_in_a_sentence(refused, tmp_path, monkeypatch, words, odd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    assert refused(*(part.format(odd) for part in words))


def test_a_name_on_disk_that_is_no_text_is_told(refused, tmp_path, monkeypatch):
    """Readers that meet such a name and cannot write it end in a sentence, too."""

    def unwritable(folder):
        raise UnicodeEncodeError("utf-8", "x/\udcb0\udca1.jpg", 2, 4, "surrogates not allowed")

    monkeypatch.setattr("jumok.reporting.runs.find_runs", unwritable)
    assert (
        refused("runs", tmp_path)
        == r"'x/\xb0\xa1.jpg' is not UTF-8; rename the file, or write the text as UTF-8"
    )
