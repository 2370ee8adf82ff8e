"""Links of a page into the label page, and the command that starts it."""

import shlex
from urllib.parse import quote

LABEL_PAGE = "http://127.0.0.1:8766/"  # of `jumok label`, with its default port


def link_to(key: str, split: str) -> str:
    """The address of an item of a split in the label page."""
    return f"{LABEL_PAGE}#key={quote(key, safe='/')}&split={split}"


def label_command(experiment: str, run: str, split: str) -> str:
    """The command that starts the label page on a split, with a model that proposes.

    Args:
        experiment: The experiment file.
        run: The folder of the model.
        split: The split.

    Returns:
        The command, as a shell reads it.
    """
    asked = [] if split == "train" else ["--split", split]
    return shlex.join(["jumok", "label", experiment, "--model", run, *asked])
