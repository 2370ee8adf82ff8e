from pathlib import Path

import pytest
from good_experiment import GOOD


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("x.yaml")
    path.write_text(GOOD)
    return path
