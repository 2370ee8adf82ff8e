"""Backbones of timm: levels by stride, any size, Swin beside torchvision's, weights from files."""

import re
from pathlib import Path

import pytest
import safetensors.torch
import timm
import torch
from huggingface_hub import constants
from torch import Tensor
from torch.testing import assert_close
from torchvision.models import swin_t

from jumok.encoders import pretrained
from jumok.encoders.backbone import TESTED, Backbone
from jumok.errors import ConfigurationError, DataError
from reference import weighted

SWIN = "swin_tiny_patch4_window7_224"
SMALL = "tf_efficientnet_lite0"
STRIDES = (4, 8, 16, 32)
CHANNELS = {
    "resnet18": (64, 128, 256, 512),
    "resnet50": (256, 512, 1024, 2048),
    "vgg16_bn": (256, 512, 512, 512),
    "mobilenetv3_large_100": (24, 40, 112, 960),
    SWIN: (96, 192, 384, 768),
    SMALL: (24, 40, 112, 320),
}


@pytest.fixture(scope="module", params=TESTED)
def backbone(request) -> Backbone:
    torch.manual_seed(0)
    return Backbone(request.param, STRIDES)


def shaken(network: torch.nn.Module) -> dict[str, Tensor]:
    """Its weights and running statistics, moved away from the round numbers they start with."""
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.add_(torch.rand_like(value) * 0.02)
    return network.state_dict()


@pytest.mark.parametrize("size", [(64, 64), (97, 131), (1, 1)])
def test_any_size_gives_cells_of_each_stride(backbone, size):
    backbone.eval()
    with torch.no_grad():
        maps = backbone(torch.randn(1, 3, *size))
    name = backbone.network.pretrained_cfg["architecture"]
    Y, X = (-(-side // 32) * 32 for side in size)
    assert backbone.channels == CHANNELS[name]
    assert [level.shape for level in maps] == [
        (1, count, Y // stride, X // stride) for count, stride in zip(CHANNELS[name], STRIDES, strict=True)
    ]


def test_a_batch_equals_its_rows(backbone):
    images = torch.randn(2, 3, 40, 72)
    backbone.eval()
    with torch.no_grad():
        whole, alone = backbone(images), backbone(images[1:])
    for one, other in zip(whole, alone, strict=True):
        assert_close(one[1:], other, rtol=1e-4, atol=1e-4)


def test_bf16_channels_last_and_a_gradient_for_every_parameter(backbone):
    backbone.train().to(memory_format=torch.channels_last)
    images = torch.randn(2, 3, 64, 64).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        maps = backbone(images)
    assert all(level.isfinite().all() for level in maps)
    assert all(level.is_contiguous(memory_format=torch.channels_last) for level in maps)
    sum(weighted(level.float()) for level in maps).backward()
    assert all(parameter.grad is not None for parameter in backbone.parameters())
    backbone.zero_grad()


@pytest.mark.parametrize("name", TESTED)
def test_a_classifiers_file_gives_its_features(name, tmp_path):
    wanted = {"strict_img_size": False} if name == SWIN else {}
    whole = timm.create_model(name, **wanted).eval()
    if name == "vgg16_bn":  # half a gigabyte, which is left out anyway
        del whole.pre_logits
    file = tmp_path / "w.safetensors"
    safetensors.torch.save_file(shaken(whole), file, {"source": "a shop", "license": "MIT"})
    ours = Backbone(name, STRIDES, file).eval()
    side = 224 if name == SWIN else 64
    images = torch.randn(1, 3, side, side)
    with torch.no_grad():
        levels = [level for level in features_of(whole, images) if side / level.shape[-1] in STRIDES]
        for one, other in zip(ours(images), levels, strict=True):
            assert_close(one, other, rtol=1e-4, atol=1e-4)
    assert ours.source[:3] == (str(file), "a shop", "MIT") and len(ours.source.digest) == 64
    file.unlink()


def features_of(whole: torch.nn.Module, images: Tensor) -> list[Tensor]:
    """What goes through the modules that timm names as the ends of levels."""
    seen: dict[str, Tensor] = {}
    for level in whole.feature_info:
        part = whole.get_submodule(level["module"])
        part.register_forward_hook(lambda _, given, out, name=level["module"]: seen.update({name: out}))
    whole.forward_features(images)
    levels = [seen[level["module"]] for level in whole.feature_info]
    channels_last = getattr(whole, "output_fmt", None) == "NHWC"
    return [level.permute(0, 3, 1, 2) for level in levels] if channels_last else levels


def test_levels_beyond_the_coarsest_are_not_made():
    fine, all_levels = Backbone("resnet18", (4, 8)), Backbone("resnet18", (4, 8, 32))
    assert fine.channels == (64, 128)
    assert not [key for key in fine.state_dict() if "layer3" in key]
    assert [key for key in all_levels.state_dict() if "layer4" in key]


def test_vgg_and_swin_have_other_levels():
    with pytest.raises(
        ConfigurationError, match=f"'{SWIN}' has no feature level of stride 2; .* 4, 8, 16, 32"
    ):
        Backbone(SWIN, (2, 4))
    with pytest.raises(ConfigurationError, match="has strides 1, 2, 4, 8, 16, 32"):
        Backbone("vgg16_bn", (8, 64))


@pytest.mark.parametrize(
    "name, sentence",
    [
        ("resnet81", "timm has no backbone 'resnet81'; did you mean 'resnet18'"),
        ("resnet18.a9_in1k", "did you mean 'resnet18.a"),
        ("?", "known are: resnet18, resnet50"),
        ("hf-hub:timm/resnet18.a1_in1k", "timm has no backbone"),
        ("mixer_b16_224", "does not give feature levels of images of any size (Input height"),
    ],
)
def test_names_that_are_no_backbone(name, sentence):
    with pytest.raises(ConfigurationError, match=re.escape(sentence)):
        Backbone(name)


# Swin


def swin_pair() -> tuple[Backbone, torch.nn.Module]:
    """Our backbone and torchvision's Swin Transformer, with the same weights."""
    ours, theirs = Backbone(SWIN, STRIDES).eval(), swin_t().eval()
    given = {torchvision_name(key): value for key, value in shaken(ours.network).items()}
    misfits = theirs.load_state_dict(given, strict=False)
    assert not misfits.unexpected_keys
    rest = {key.split(".")[0] for key in misfits.missing_keys if "relative_position_index" not in key}
    assert rest == {"norm", "head"}
    return ours, theirs


def torchvision_name(key: str) -> str:
    key = key.replace("patch_embed.proj", "features.0.0").replace("patch_embed.norm", "features.0.2")
    key = re.sub(r"layers_(\d)\.blocks", lambda found: f"features.{2 * int(found[1]) + 1}", key)
    key = re.sub(r"layers_(\d)\.downsample", lambda found: f"features.{2 * int(found[1])}", key)
    return key.replace("mlp.fc1", "mlp.0").replace("mlp.fc2", "mlp.3")


@torch.no_grad()
def test_swin_is_torchvisions_at_every_size():
    ours, theirs = swin_pair()
    for size in [(224, 224), (160, 256), (32, 96), (288, 64)]:
        images = expected = torch.randn(1, 3, *size)
        maps = ours(images)
        for number, stage in enumerate(theirs.features):
            expected = stage(expected)
            if number % 2:
                assert_close(maps[number // 2].permute(0, 2, 3, 1), expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_swin_is_timms_that_was_built_for_the_size():
    ours, size = Backbone(SWIN, STRIDES).eval(), (448, 224)  # timm's is right for multiples of its windows
    theirs = timm.create_model(SWIN, features_only=True, img_size=size).eval()
    theirs.load_state_dict(shaken(ours.network))
    images = torch.randn(1, 3, *size)
    for one, other in zip(ours(images), theirs(images), strict=True):
        assert_close(one.permute(0, 2, 3, 1), other, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_opposite_edges_are_no_neighbours_in_swin():
    ours = Backbone(SWIN, (4,)).eval()
    images = torch.randn(1, 3, 128, 256)  # 32 × 64 cells, no multiples of 7
    other = images.clone()
    other[:, :, :4, :4] += 1.0
    changed = (ours(images)[0] != ours(other)[0]).any(1)[0]
    assert changed[:10, :10].any()
    assert not changed[14:].any() and not changed[:, 14:].any()


# weights


def file_of(tmp_path: Path, name: str = "resnet18") -> tuple[Path, dict[str, Tensor]]:
    weights = shaken(timm.create_model(name))
    return tmp_path / "w.safetensors", {key: value.clone() for key, value in weights.items()}


def refused(file: Path, weights: dict[str, Tensor], name: str = "resnet18") -> str:
    safetensors.torch.save_file(weights, file)
    with pytest.raises(DataError) as error:
        Backbone(name, (8,), file)
    return str(error.value)


def test_a_missing_weight_is_named_and_one_that_is_not_wanted_is_not_missed(tmp_path):
    file, weights = file_of(tmp_path)
    del weights["fc.weight"], weights["layer4.0.conv1.weight"]
    counts = [key for key in weights if key.endswith("num_batches_tracked")]
    weights = {key: value for key, value in weights.items() if key not in counts}
    safetensors.torch.save_file(weights, file)
    assert Backbone("resnet18", (8, 16), file).source.licence is None
    del weights["layer2.0.bn1.bias"]
    assert refused(file, weights).startswith(f"{file}: lacks 'layer2.0.bn1.bias' of backbone 'resnet18'")


def test_a_weight_of_another_shape_is_named(tmp_path):
    file, weights = file_of(tmp_path)
    weights["conv1.weight"] = torch.zeros(64, 1, 7, 7)
    assert "'conv1.weight' is of shape (64, 1, 7, 7), backbone 'resnet18' has (64, 3, 7, 7)" in refused(
        file, weights
    )


def test_a_deeper_model_of_the_same_widths_is_another_model(tmp_path):
    file, weights = file_of(tmp_path, "resnet34")
    assert "'layer1.2." in (sentence := refused(file, weights)) and "is no part of backbone" in sentence


def test_files_that_are_no_weights(tmp_path):
    with pytest.raises(DataError, match="this weights file does not exist; name a file by `weights: "):
        Backbone("resnet18", weights=tmp_path / "none.safetensors")
    (tmp_path / "w.pth").write_bytes(b"PK\x03\x04 not one of ours")
    with pytest.raises(DataError, match="cannot be read as safetensors, the only format"):
        Backbone("resnet18", weights=tmp_path / "w.pth")


@pytest.fixture
def no_hub(monkeypatch, tmp_path) -> Path:
    """Nobody answers, and nothing was fetched before; the empty cache."""
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_no_connection_is_one_sentence_that_says_how_to_go_on(no_hub):
    with pytest.raises(ConfigurationError) as error:
        Backbone("resnet18", weights="default")
    assert str(error.value) == (
        "the pretrained weights of 'resnet18' cannot be downloaded from http://127.0.0.1:9 (no connection); "
        "name a file by `weights: FILE.safetensors`, or say `weights: none` to start from random weights"
    )


def test_default_weights_that_were_fetched_before_need_no_connection(no_hub):
    place = no_hub / "models--timm--tf_efficientnet_lite0.in1k"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text("abc")
    (place / "snapshots" / "abc").mkdir(parents=True)
    _, weights = file_of(no_hub, SMALL)
    safetensors.torch.save_file(weights, place / "snapshots" / "abc" / "model.safetensors")
    ours = Backbone(SMALL, (8,), "default")
    assert_close(ours.network.conv_stem.weight.data, weights["conv_stem.weight"])
    assert ours.source[:3] == (
        "model.safetensors",
        "https://huggingface.co/timm/tf_efficientnet_lite0.in1k",
        "apache-2.0",
    )


def test_without_weights_nobody_is_asked(monkeypatch):
    def asked(*_: object) -> None:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(pretrained, "download", asked)
    assert Backbone(SMALL, (8,)).source is None


def test_pixels_are_normalised_as_in_pretraining():
    assert Backbone(SMALL, (8,)).mean == (0.5, 0.5, 0.5)
    assert Backbone("resnet18", (8,)).std == (0.229, 0.224, 0.225)


def test_frozen_norms_stay_as_they_are():
    ours = Backbone(SMALL, (4, 8), frozen_norm=True)
    norms = list(ours.batch_norms())
    before = [norm.running_mean.clone() for norm in norms]
    ours.train()
    sum(level.sum() for level in ours(torch.randn(2, 3, 32, 32))).backward()
    assert norms and not any(norm.training for norm in norms)
    assert all(torch.equal(norm.running_mean, mean) for norm, mean in zip(norms, before, strict=True))
    assert all(norm.weight.grad is None for norm in norms)
    assert ours.network.conv_stem.weight.grad is not None and ours.training
    other = Backbone(SMALL, (4, 8)).train()
    assert all(norm.training for norm in other.batch_norms())
    assert other.state_dict().keys() == ours.state_dict().keys()
