"""An experiment in a run that was begun before: what it may change, and what it must not."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jumok.errors import JumokError, RunError
from jumok.files import read_whole, write_file_atomically
from jumok.runs.config import AGAIN, read_config
from jumok.runs.layout import RunLayout

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

# What may change when a run is continued, because it does not touch what was computed so far.
CHANGEABLE = {
    "training.steps",
    "training.minutes",
    "training.log",
    "training.patience",
    "training.keep",
    "training.baselines",
    "training.evaluate_every",
    "training.evaluate_examples",
    "training.device",
    "training.shard",
    "decoding",
}
# What is found out when a run starts, and then stays: only an explicit other wish is a contradiction.
RESOLVED = {
    "training.precision": "auto",
    "training.learning_rate": None,
    "decoding.max_tokens": None,
    "model.input_marks": "learned",  # runs that were begun before there were marks go on without
}


def reconcile(
    folder: RunLayout, experiment: "Experiment", say: Callable[[str], None], restore_config: bool = True
) -> "Experiment":
    """The experiment with what earlier sessions of this run found out; RunError where it contradicts them.

    With `restore_config`, a lost configuration is written anew.

    Args:
        folder: The layout of the run folder.
        experiment: The experiment.
        say: Called with messages.
        restore_config: Whether a lost configuration is written again.

    Returns:
        The experiment, with what was resolved.

    Raises:
        RunError: An option differs that may not change.
    """
    before = _before(folder, say, restore_config)
    if before is None:
        return experiment
    old, new = flat(before.model_dump(mode="json")), flat(experiment.model_dump(mode="json"))
    for name in sorted(old.keys() | new.keys()):
        then, now = old.get(name), new.get(name)
        found_out = name in RESOLVED and now == RESOLVED[name]
        if (
            then != now
            and not found_out
            and not any(name == f or name.startswith(f + ".") for f in CHANGEABLE)
        ):
            raise RunError(
                f"{folder.path} was trained with {name}: {option_text(then)}, now it is {option_text(now)}; "
                "choose another folder by --run, or take the old value"
            )
    settled = {
        "precision": before.training.precision,
        "steps": experiment.training.steps or before.training.steps,
        "learning_rate": before.training.learning_rate,
    }
    limit = experiment.decoding.max_tokens or before.decoding.max_tokens
    return experiment.model_copy(
        update={
            "training": experiment.training.model_copy(update=settled),
            "decoding": experiment.decoding.model_copy(update={"max_tokens": limit}),
            "model": before.model,
        }
    )


def _before(folder: RunLayout, say: Callable[[str], None], restore_config: bool) -> "Experiment | None":
    """The experiment of earlier sessions; that of the model where config.yaml is gone or damaged."""
    copy = folder.model_config
    if not folder.config.exists() and not copy.exists():
        return None
    try:
        return read_config(folder.config)
    except JumokError as error:
        if not copy.exists():
            raise
        why = (
            "is missing"
            if not folder.config.exists()
            else f"is damaged ({str(error).removesuffix(f'; {AGAIN}')})"
        )
        say(f"{folder.config} {why}; {copy} has the same and is used")
        before = read_config(copy)
        if restore_config:
            write_file_atomically(folder.config, read_whole(copy))
        return before


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """A tree of options as dotted names and values."""
    if isinstance(value, dict) and value:
        found: dict[str, Any] = {}
        for key, inner in value.items():
            found |= flat(inner, f"{name}.{key}" if name else str(key))
        return found
    return {name: value}


def option_text(value: Any) -> str:
    """A value of an option as text."""
    return "not given" if value is None else str(value)
