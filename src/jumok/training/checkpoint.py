"""Checkpoints that are whole or not there: an interrupted training goes on from the newest one.

A checkpoint is a folder `step-00000500/` with NAME.safetensors for each group of tensors, `state.json`, and
`checksums.json`, which knows size and SHA-256 of the others. It is written under a hidden name, and gets its
own by a rename when the disk has all of it. A folder of checkpoints has one writer at a time.
"""

import errno
import hashlib
import itertools
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.torch
from torch import Tensor

from jumok.errors import RunError
from jumok.files import read_whole, sync_folder, unwritable, write_synced
from jumok.wording import quantity

STATE, CHECKSUMS, TENSORS = "state.json", "checksums.json", ".safetensors"
NAME = re.compile(r"step-(\d+)|\.step-(\d+)\.replaced")


class Checkpoint(NamedTuple):
    """What was saved after a step."""

    step: int
    tensors: dict[str, dict[str, Tensor]]  # group -> name -> tensor, on the CPU
    state: dict[str, Any]  # plain JSON
    path: Path


class CorruptCheckpoint(Exception):
    """A checkpoint is not as it was written: says which file, and what is wrong with it."""


class Checkpoints:
    """The newest `keep` checkpoints of a training, in one folder; `warn` is told what could not be used."""

    def __init__(self, folder: Path, keep: int = 2, *, warn: Callable[[str], None]) -> None:
        if keep < 1:
            raise ValueError(f"keep must be at least 1; got {keep}")
        self.folder = folder
        self.keep = keep
        self.warn = warn

    def save(self, step: int, tensors: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> Path:
        """Write the groups of tensors and the state (JSON) of a step; then remove what is too old."""
        final = self.folder / f"step-{step:08d}"
        temporary = self._temporary(final.name)
        try:
            self._make_folder()
            _write(temporary, step, tensors, state)
            self._put_in_place(temporary, final)
        except OSError as error:
            raise unwritable(final, error) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)  # gone already unless something failed
        self._remove_older(step)
        return final

    def load(self) -> Checkpoint | None:
        """The newest whole checkpoint, if any; damaged ones are named and set aside, leftovers removed."""
        found: Checkpoint | None = None
        damaged: list[tuple[Path, CorruptCheckpoint]] = []
        for step, folder in self._candidates():
            try:
                found = _read(folder, step)
                break
            except CorruptCheckpoint as damage:
                damaged.append((folder, damage))
        outlook = f"going on from step-{found.step:08d}" if found else "training starts from the beginning"
        for folder, reason in damaged:
            self.warn(f"{self.folder / _visible(folder)} is damaged ({reason}); {outlook}")
        try:
            for folder, _ in damaged:
                self._quarantine(folder)
            self._tidy()
        except OSError as error:
            raise unwritable(self.folder, error) from error
        return found and found._replace(path=self.folder / _visible(found.path))

    def latest_step(self) -> int | None:
        """The step of the newest checkpoint, without looking into it."""
        return next((step for step, _ in self._candidates()), None)

    def _candidates(self) -> list[tuple[int, Path]]:
        """Steps and their folders, newest first; one that was being replaced comes after its replacement."""
        found = []
        for folder in self.folder.iterdir() if self.folder.is_dir() else ():
            if (match := NAME.fullmatch(folder.name)) and folder.is_dir():
                found.append((int(match[1] or match[2]), match[1] is not None, folder))
        return [(step, folder) for step, _, folder in sorted(found, reverse=True)]

    def _temporary(self, name: str) -> Path:
        return self.folder / f".{name}.{os.getpid()}.tmp"

    def _make_folder(self) -> None:
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True)
            sync_folder(self.folder.parent)

    def _put_in_place(self, temporary: Path, final: Path) -> None:
        """Give a written checkpoint its name; one that has the name already stays readable until then."""
        replaced = self.folder / f".{final.name}.replaced"
        if final.exists():  # a folder with files in it cannot be renamed over
            shutil.rmtree(replaced, ignore_errors=True)
            final.rename(replaced)
        temporary.rename(final)
        sync_folder(self.folder)
        shutil.rmtree(replaced, ignore_errors=True)

    def _remove_older(self, step: int) -> None:
        """Keep this step and the keep - 1 before it; a later one, if any, is not ours to judge."""
        older = [folder for other, folder in self._candidates() if other < step]
        for folder in older[self.keep - 1 :]:
            try:
                hidden = folder.rename(self._temporary(_visible(folder)))  # never a half-removed checkpoint
                shutil.rmtree(hidden)
            except OSError as error:
                self.warn(f"{folder} could not be removed ({error.strerror})")

    def _quarantine(self, folder: Path) -> None:
        """Rename a damaged checkpoint: it can be looked at, and is not taken for a whole one."""
        name = f"damaged-{_visible(folder)}"
        names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
        folder.rename(next(free for free in map(self.folder.joinpath, names) if not free.exists()))

    def _tidy(self) -> None:
        """Remove what a killed writer left, and finish or undo its replacing."""
        for folder in self.folder.glob(".step-*.tmp"):
            shutil.rmtree(folder, ignore_errors=True)
        for folder in self.folder.glob(".step-*.replaced"):
            if (final := self.folder / _visible(folder)).exists():
                shutil.rmtree(folder, ignore_errors=True)
            else:
                folder.rename(final)


def require_same(given: Mapping[str, Tensor], wanted: Mapping[str, Tensor], what: str) -> None:
    """Refuse tensors whose names or shapes are not the wanted ones; `what` names them in the sentence.

    Args:
        given: The tensors that were read.
        wanted: The tensors that are needed.
        what: What they are, for the sentence.

    Raises:
        RunError: Names or shapes differ.
    """
    advice = (
        "the checkpoint was made by another experiment; use its configuration, or start in a new run folder"
    )
    for problem, names in (
        ("lack", wanted.keys() - given.keys()),
        ("have no place for", given.keys() - wanted.keys()),
    ):
        if names:
            raise RunError(f"{what} {problem} {_first_names(sorted(names))}; {advice}")
    for name, tensor in wanted.items():
        if tensor.shape != given[name].shape:
            shapes = f"{tuple(given[name].shape)} instead of {tuple(tensor.shape)}"
            raise RunError(f"{what} have another shape at {name!r} ({shapes}); {advice}")


def _first_names(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(repr, names[:3])) + more


def _visible(folder: Path) -> str:
    """The name step-... of a folder that may hide as .step-....replaced."""
    return folder.name.removeprefix(".").removesuffix(".replaced")


def _write(folder: Path, step: int, tensors: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> None:
    """Write the files of a checkpoint one by one, and wait until the disk has them."""
    shutil.rmtree(folder, ignore_errors=True)  # of a killed writer that had our number
    folder.mkdir()
    entries = {}
    for name in [*tensors, STATE]:
        if name == STATE:
            file, data = STATE, json.dumps(state, indent=1).encode()
        else:
            file, data = name + TENSORS, safetensors.torch.save(_separate(tensors[name]))
        write_synced(folder / file, data)
        entries[file] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    checksums = {"step": step, "files": entries}
    write_synced(folder / CHECKSUMS, json.dumps(checksums, indent=1).encode())
    sync_folder(folder)


def _separate(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same values on the CPU, each contiguous and in a storage of its own, as safetensors asks."""
    separate: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        storage = tensor.untyped_storage()
        if storage.data_ptr() in seen or storage.nbytes() != tensor.nbytes:  # tied weights, slices
            tensor = tensor.clone()
        seen.add(tensor.untyped_storage().data_ptr())
        separate[name] = tensor
    return separate


def _read(folder: Path, step: int) -> Checkpoint:
    """Read a checkpoint, every byte of it checked against checksums.json, or raise Damage."""
    listed = _listed(folder, step)
    present = {path.name for path in folder.glob("*" + TENSORS)}
    if unlisted := sorted(present - listed.keys()):
        raise CorruptCheckpoint(f"{unlisted[0]}: not listed in {CHECKSUMS}")
    contents = {file: _checked(folder / file, size, digest) for file, (size, digest) in listed.items()}
    state = json.loads(contents.pop(STATE))
    tensors = {
        file.removesuffix(TENSORS): safetensors.torch.load(contents.pop(file)) for file in list(contents)
    }
    return Checkpoint(step, tensors, state, folder)


def _listed(folder: Path, step: int) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of every file, as checksums.json has them."""
    data = _bytes(folder / CHECKSUMS)
    try:
        checksums = json.loads(data)
        if checksums["step"] != step:
            raise CorruptCheckpoint(f"{CHECKSUMS}: belongs to step {checksums['step']}")
        listed = {file: (entry["size"], entry["sha256"]) for file, entry in checksums["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptCheckpoint(f"{CHECKSUMS}: not what was written") from error
    if STATE not in listed or not all(file == STATE or file.endswith(TENSORS) for file in listed):
        raise CorruptCheckpoint(f"{CHECKSUMS}: not what was written")
    return listed


def _checked(path: Path, size: int, digest: str) -> bytes:
    data = _bytes(path)
    if len(data) != size:
        raise CorruptCheckpoint(f"{path.name}: {quantity(len(data), 'byte')} instead of {size}")
    if hashlib.sha256(data).hexdigest() != digest:
        raise CorruptCheckpoint(f"{path.name}: checksum differs")
    return data


def _bytes(path: Path) -> bytes:
    try:
        return read_whole(path)
    except FileNotFoundError:
        raise CorruptCheckpoint(f"{path.name}: missing") from None
    except OSError as error:
        if error.errno == errno.EIO:
            raise CorruptCheckpoint(f"{path.name}: the disk cannot read it") from error
        raise RunError(
            f"{path} cannot be read ({error.strerror}); fix that and run the command again"
        ) from error
