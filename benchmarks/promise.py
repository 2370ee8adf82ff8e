"""What the README promises of `jumok demo`, run as a user runs it: `pytest benchmarks/promise.py` (about a minute)."""

import json

import pytest

from jumok.cli import main
from jumok.demos import numbers


def test_demo_writes_numbers_it_never_saw(tmp_path):
    with pytest.raises(SystemExit) as stop:
        main(["demo", "--folder", str(tmp_path)])
    assert stop.value.code == 0
    evaluation = json.loads((tmp_path / "numbers" / "evaluation.json").read_text())
    assert evaluation["split"] == "test"
    assert evaluation["examples"] == numbers.TEST_EXAMPLES >= 1000
    assert evaluation["metrics"]["exact_match"]["value"] >= 0.995
