"""A run that was exported once, for reading only."""

from pathlib import Path

import pytest

from jumok.exporting.export import export
from made_once import made_once


@pytest.fixture(scope="session")
def exported(reversal: Path) -> Path:
    """The run that reverses words, in CTranslate2, with its proof."""

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("JUMOK_CACHE", str(folder.with_name("exported.cache")))
            export(reversal / "run", "ctranslate2", folder / "model")

    return made_once("exported", make) / "model"
