"""The same conditions for every test: one thread, one seed, a cache of its own."""

from uuid import uuid4

import pytest
import torch


@pytest.fixture(autouse=True)
def same_conditions(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = tmp_path_factory.getbasetemp() / "caches" / uuid4().hex
    cache.mkdir(parents=True)
    monkeypatch.setenv("JUMOK_CACHE", str(cache))
    torch.set_num_threads(1)
    torch.manual_seed(0)
