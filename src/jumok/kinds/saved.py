"""What a kind has learned beside the weights, read back from the folder of a model."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jumok.errors import RunError
from jumok.files import read_whole


@contextmanager
def saved_json(file: Path) -> Iterator[Any]:
    """The JSON of a file, for a block that takes it apart; RunError where it is missing or not what was written."""
    try:
        yield json.loads(read_whole(file))
    except FileNotFoundError:
        raise RunError(f"{file} does not exist; copy the whole model folder again") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{file} cannot be read ({error}); copy the whole model folder again") from None
