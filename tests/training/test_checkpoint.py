"""A checkpoint comes back as it was saved, or does not come back at all."""

import json
import os
import resource
import shutil

import pytest
import torch

from jumok.errors import RunError
from jumok.training.checkpoint import Checkpoints, require_same

FILES = ["checksums.json", "model.safetensors", "optimizer.safetensors", "state.json"]


class Warnings(list):
    """Collects what is said."""

    __call__ = list.append


def tensors_of(step):
    """Tensors that tell their step, of several kinds."""
    return {
        "model": {
            "weight": torch.full((3, 5), float(step)),
            "half": torch.full((7,), step, dtype=torch.bfloat16),
        },
        "optimizer": {"step": torch.tensor(float(step)), "seen": torch.tensor([step, -step])},
    }


def save_steps(folder, steps, keep=2):
    warnings = Warnings()
    checkpoints = Checkpoints(folder, keep, warn=warnings)
    for step in steps:
        checkpoints.save(step, tensors_of(step), {"step": step, "epoch": step / 7, "seeds": [1, None, "ü"]})
    return checkpoints, warnings


def assert_equal(given, expected):
    assert given.keys() == expected.keys()
    for name, tensor in expected.items():
        assert given[name].dtype == tensor.dtype
        assert given[name].shape == tensor.shape
        assert torch.equal(given[name], tensor)


def assert_whole(checkpoint, step):
    assert checkpoint.step == step
    assert checkpoint.state == {"step": step, "epoch": step / 7, "seeds": [1, None, "ü"]}
    assert checkpoint.tensors.keys() == tensors_of(step).keys()
    for group, tensors in tensors_of(step).items():
        assert_equal(checkpoint.tensors[group], tensors)


def folders(path):
    return sorted(os.listdir(path))


def test_saved_and_loaded_is_equal_for_every_kind_of_tensor(tmp_path):
    base = torch.randn(5, 7)
    linear = torch.nn.Linear(3, 2)
    tensors = {
        "bf16": torch.randn(2, 3).bfloat16(),
        "fp16": torch.randn(2, 3).half(),
        "fp64": torch.randn(4, dtype=torch.float64),
        "int64": torch.tensor([2**62, -1]),
        "uint8": torch.arange(5, dtype=torch.uint8),
        "bool": torch.tensor([[True], [False]]),
        "scalar": torch.tensor(3.25),
        "empty": torch.zeros(0, 4),
        "also empty": torch.zeros(0),
        "special": torch.tensor([float("nan"), float("inf"), -0.0]),
        "transposed": base.t(),
        "slice": base[1:3, 2:],
        "row": base[0],
        "whole": base,
        "tied": linear.weight,
        "tied again": linear.weight,
        "expanded": torch.tensor([1.5]).expand(6),
    }
    checkpoints = Checkpoints(tmp_path, warn=Warnings())
    path = checkpoints.save(3, {"model": tensors, "nothing": {}}, {})
    loaded = checkpoints.load()
    assert loaded.path == path
    assert loaded.state == {}
    assert loaded.tensors["nothing"] == {}
    special, given = tensors.pop("special"), loaded.tensors["model"].pop("special")
    assert torch.equal(special.view(torch.int32), given.view(torch.int32))
    assert_equal(loaded.tensors["model"], {name: tensor.detach() for name, tensor in tensors.items()})


def test_the_newest_is_loaded_and_older_ones_go(tmp_path):
    folder = tmp_path / "runs" / "checkpoints"  # is made
    checkpoints, warnings = save_steps(folder, [500, 1000, 1500, 123456789], keep=3)
    assert folders(folder) == ["step-00001000", "step-00001500", "step-123456789"]
    assert checkpoints.latest_step() == 123456789
    assert_whole(checkpoints.load(), 123456789)
    assert folders(folder / "step-00001500") == FILES
    assert not warnings


def test_nothing_saved_is_none(tmp_path):
    checkpoints = Checkpoints(tmp_path / "none", warn=Warnings())
    assert checkpoints.load() is None
    assert checkpoints.latest_step() is None
    with pytest.raises(ValueError, match="keep must be at least 1"):
        Checkpoints(tmp_path, keep=0, warn=Warnings())


def test_a_step_can_be_saved_again(tmp_path):
    checkpoints, warnings = save_steps(tmp_path, [400, 500])
    checkpoints.save(500, {"model": {"new": torch.ones(2)}}, {"second": True})
    assert folders(tmp_path) == ["step-00000400", "step-00000500"]
    loaded = checkpoints.load()
    assert loaded.state == {"second": True}
    assert list(loaded.tensors) == ["model"]
    assert not warnings


def test_a_later_step_is_not_removed(tmp_path):
    checkpoints, _ = save_steps(tmp_path, [500, 100, 200, 300])
    assert folders(tmp_path) == ["step-00000200", "step-00000300", "step-00000500"]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_found(tmp_path, file, part):
    checkpoints, warnings = save_steps(tmp_path, [400, 500])
    path = tmp_path / "step-00000500" / file
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    assert_whole(checkpoints.load(), 400)
    assert len(warnings) == 1
    assert file in warnings[0]


def test_every_flipped_byte_is_found_or_harmless(tmp_path):
    checkpoints, _ = save_steps(tmp_path / "good", [400, 500])
    good = tmp_path / "good" / "step-00000500"
    for file in FILES:
        size = (good / file).stat().st_size
        for place in range(0, size, max(1, size // 12)):
            folder = tmp_path / f"{file}-{place}"
            shutil.copytree(tmp_path / "good", folder)
            flip(folder / good.name / file, place, bit=place % 8)
            warnings = Warnings()
            loaded = Checkpoints(folder, warn=warnings).load()
            assert_whole(loaded, loaded.step)
            assert loaded.step == (400 if warnings else 500)
            assert warnings or file == "checksums.json"  # a flipped blank there may change nothing


def flip(path, place, bit):
    data = bytearray(path.read_bytes())
    data[place] ^= 1 << bit
    path.write_bytes(data)


def test_the_sentence_about_damage(tmp_path):
    checkpoints, warnings = save_steps(tmp_path, [400, 500])
    flip(tmp_path / "step-00000500" / "model.safetensors", -1, bit=3)
    checkpoints.load()
    path = tmp_path / "step-00000500"
    expected = f"{path} is damaged (model.safetensors: checksum differs); going on from step-00000400"
    assert warnings == [expected]
    assert folders(tmp_path) == ["damaged-step-00000500", "step-00000400"]
    assert checkpoints.latest_step() == 400


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_found(tmp_path, file):
    checkpoints, warnings = save_steps(tmp_path, [400, 500])
    (tmp_path / "step-00000500" / file).unlink()
    assert_whole(checkpoints.load(), 400)
    assert f"({file}: missing)" in warnings[0]


def test_when_all_are_damaged_training_starts_from_the_beginning(tmp_path):
    checkpoints, warnings = save_steps(tmp_path, [400, 500])
    for step in (400, 500):
        (tmp_path / f"step-{step:08d}" / "state.json").unlink()
    assert checkpoints.load() is None
    assert len(warnings) == 2
    assert all(sentence.endswith("training starts from the beginning") for sentence in warnings)
    assert folders(tmp_path) == ["damaged-step-00000400", "damaged-step-00000500"]


def test_a_second_damage_of_a_step_does_not_overwrite_the_first(tmp_path):
    for _ in range(3):
        checkpoints, warnings = save_steps(tmp_path, [500])
        (tmp_path / "step-00000500" / "checksums.json").write_text("[]")
        assert checkpoints.load() is None
    assert folders(tmp_path) == [f"damaged-step-00000500{number}" for number in ("", "-2", "-3")]


@pytest.mark.parametrize(
    "change",
    [
        lambda checksums: checksums["files"].pop("state.json"),
        lambda checksums: checksums["files"].pop("model.safetensors"),
        lambda checksums: checksums.update(step=400),
        lambda checksums: checksums.update(files=[]),
        lambda checksums: checksums["files"].update({"x.safetensors": {"size": 1}}),
    ],
)
def test_checksums_that_are_json_but_wrong(tmp_path, change):
    checkpoints, warnings = save_steps(tmp_path, [400, 500])
    path = tmp_path / "step-00000500" / "checksums.json"
    checksums = json.loads(path.read_text())
    change(checksums)
    path.write_text(json.dumps(checksums))
    assert_whole(checkpoints.load(), 400)
    assert "checksums.json" in warnings[0]


def test_a_renamed_checkpoint_is_not_taken_for_another_step(tmp_path):
    checkpoints, warnings = save_steps(tmp_path, [400])
    shutil.copytree(tmp_path / "step-00000400", tmp_path / "step-00000900")
    assert_whole(checkpoints.load(), 400)
    assert "belongs to step 400" in warnings[0]


def test_leftovers_of_a_killed_writer_are_removed(tmp_path):
    checkpoints, warnings = save_steps(tmp_path, [500])
    leftover = tmp_path / ".step-00000600.4711.tmp"
    shutil.copytree(tmp_path / "step-00000500", leftover)
    (tmp_path / "notes.txt").write_text("of the user")
    assert checkpoints.latest_step() == 500
    assert_whole(checkpoints.load(), 500)
    assert folders(tmp_path) == ["notes.txt", "step-00000500"]
    assert not warnings


def test_a_leftover_with_our_own_number_does_no_harm(tmp_path):
    (tmp_path / f".step-00000500.{os.getpid()}.tmp" / "x").mkdir(parents=True)
    checkpoints, _ = save_steps(tmp_path, [500])
    assert_whole(checkpoints.load(), 500)


@pytest.mark.parametrize("finished", [False, True])
def test_a_replacing_that_was_killed_is_undone_or_finished(tmp_path, finished):
    checkpoints, warnings = save_steps(tmp_path, [500])
    final, replaced = tmp_path / "step-00000500", tmp_path / ".step-00000500.replaced"
    (shutil.copytree if finished else os.rename)(final, replaced)
    assert checkpoints.latest_step() == 500
    loaded = checkpoints.load()
    assert_whole(loaded, 500)
    assert loaded.path == final
    assert folders(tmp_path) == ["step-00000500"]
    assert not warnings


def test_a_full_disk_is_a_sentence_and_harms_nothing(tmp_path):
    checkpoints, _ = save_steps(tmp_path, [400, 500])
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, old[1]))  # writing more fails like on a full disk
    try:
        with pytest.raises(RunError, match="step-00000600 could not be written .File too large."):
            checkpoints.save(600, {"model": {"big": torch.zeros(10_000)}}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert folders(tmp_path) == ["step-00000400", "step-00000500"]
    assert_whole(checkpoints.load(), 500)


@pytest.mark.parametrize("call", ["fsync", "rename"])
@pytest.mark.parametrize("moment", range(7))
def test_an_error_at_any_moment_leaves_a_whole_checkpoint(tmp_path, monkeypatch, call, moment):
    checkpoints, _ = save_steps(tmp_path, [400, 500])
    real, calls = getattr(os, call), []

    def failing(*arguments):
        calls.append(arguments)
        if len(calls) == moment + 1:
            raise OSError(5, "Input/output error")
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing)
        try:
            checkpoints.save(500, tensors_of(500), {"step": 500, "epoch": 500 / 7, "seeds": [1, None, "ü"]})
        except RunError as error:
            assert "Input/output error" in str(error)
    assert not list(tmp_path.glob(".*.tmp"))
    assert_whole(checkpoints.load(), 500)
    checkpoints.save(500, tensors_of(7), {})
    assert folders(tmp_path) == ["step-00000400", "step-00000500"]


def test_the_disk_has_every_file_before_the_name(tmp_path, monkeypatch):
    events = []

    def fsync(handle):
        events.append(os.fstat(handle).st_ino)

    def rename(old, new):
        events.append("rename")
        os.replace(old, new)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    path = save_steps(tmp_path / "new", [500])[0].folder / "step-00000500"
    numbers = {name: (path / name).stat().st_ino for name in FILES}
    before, after = events[: events.index("rename")], events[events.index("rename") + 1 :]
    assert before[0] == tmp_path.stat().st_ino  # the folder of checkpoints was made
    assert set(before[1:-1]) == set(numbers.values())
    assert before[-1] == path.stat().st_ino
    assert after == [path.parent.stat().st_ino]


def test_what_cannot_be_json_leaves_nothing_behind(tmp_path):
    checkpoints, _ = save_steps(tmp_path, [500])
    with pytest.raises(TypeError):
        checkpoints.save(600, {}, {"wrong": object()})
    assert folders(tmp_path) == ["step-00000500"]


def test_other_names_and_shapes_are_refused_with_a_sentence():
    one, other = {"a": torch.zeros(2)}, {"b": torch.zeros(2)}
    require_same(one, {"a": torch.ones(2)}, "the tensors")
    with pytest.raises(RunError, match="the tensors lack 'b'"):
        require_same(one, one | other, "the tensors")
    with pytest.raises(RunError, match="the tensors have no place for 'b'"):
        require_same(one | other, one, "the tensors")
    with pytest.raises(RunError, match=r"another shape at 'a' \(\(2,\) instead of \(3,\)\)"):
        require_same(one, {"a": torch.zeros(3)}, "the tensors")
    with pytest.raises(RunError, match="'0', '1', '2' and 2 more"):
        require_same({}, {str(number): torch.zeros(1) for number in range(5)}, "the tensors")
