"""What the README promises of `jumok demo`, run as a user runs it."""

import json

import pytest

from jumok.cli import main
from jumok.demos import numbers


@pytest.mark.timeout(900)
def test_demo_writes_numbers_it_never_saw(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["demo", "--folder", str(tmp_path)])
    assert stop.value.code == 0
    evaluation = json.loads((tmp_path / "numbers" / "evaluation.json").read_text())
    assert evaluation["split"] == "test"
    assert evaluation["examples"] == numbers.TEST_EXAMPLES >= 1000
    assert evaluation["metrics"]["exact_match"]["value"] >= 0.995
    said = capsys.readouterr().err
    assert "exact_match" in said and "examples it never saw" in said
    assert said.count("\n  jumok ") == 4 and "\n  jumok look " in said  # what to try next
