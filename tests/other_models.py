"""Small models of other makers with random weights, under the names by which people load them."""

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import nn

WORDS = "<pad> </s> <unk> Ein Hund läuft im Schnee . A dog runs in the snow translate English to German :"
ENDS = {"decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1}
SIZES = {"layers": 2, "attention_heads": 4, "ffn_dim": 32}


def marian() -> nn.Module:
    """A Marian model of two layers of 4 heads each."""
    transformers = pytest.importorskip("transformers")
    both = {f"{side}_{what}": n for side in ("encoder", "decoder") for what, n in SIZES.items()}
    config = transformers.MarianConfig(
        vocab_size=len(WORDS.split()), d_model=16, max_position_embeddings=64, forced_eos_token_id=None,
        **both, **ENDS,
    )  # fmt: skip
    return livelier(transformers.MarianMTModel._from_config(config))


def t5() -> nn.Module:
    """A T5 model of two layers of 4 heads each."""
    transformers = pytest.importorskip("transformers")
    config = transformers.T5Config(
        vocab_size=len(WORDS.split()), d_model=16, d_kv=4, d_ff=32, num_layers=2, num_heads=4, **ENDS
    )
    return livelier(transformers.T5ForConditionalGeneration._from_config(config))


def gpt2() -> nn.Module:
    """A decoder-only model of two layers of 4 heads each."""
    transformers = pytest.importorskip("transformers")
    config = transformers.GPT2Config(
        vocab_size=len(WORDS.split()),
        n_positions=64,
        n_embd=16,
        n_layer=2,
        n_head=4,
        bos_token_id=0,
        eos_token_id=1,
    )
    return livelier(transformers.GPT2LMHeadModel._from_config(config))


def livelier(model: nn.Module) -> nn.Module:
    """With larger weights, so that attention has something to prefer."""
    for parameter in model.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return model.eval()


def tokenizer() -> Any:
    """One token a word, with an end mark."""
    transformers = pytest.importorskip("transformers")
    words = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS.split())}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    marks = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=words, **marks)


def vit() -> nn.Module:
    return taking(64, timm.create_model("vit_tiny_patch16_224", img_size=64, depth=2))


def vit_of(side: int) -> nn.Module:
    """One layer of two heads on so many by so many cells and a class token."""
    options = {"img_size": 16 * side, "depth": 1, "embed_dim": 16, "num_heads": 2}
    return taking(16 * side, timm.create_model("vit_tiny_patch16_224", **options))


def swin() -> nn.Module:
    options = {"img_size": 56, "window_size": 7, "embed_dim": 16, "depths": (2, 2), "num_heads": (2, 4)}
    return taking(56, timm.create_model("swin_tiny_patch4_window7_224", **options))


def taking(side: int, model: nn.Module) -> nn.Module:
    """A model that says that its images are so large."""
    model.pretrained_cfg = {**model.pretrained_cfg, "input_size": (3, side, side)}
    return model.eval()


def instead_of_downloads(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let pretrained models be these ones, and be in a folder with a photo."""
    torch.manual_seed(0)
    transformers = pytest.importorskip("transformers")
    makers = {"MarianMTModel": marian, "T5ForConditionalGeneration": t5, "AutoTokenizer": tokenizer}
    for name, make in makers.items():
        monkeypatch.setattr(getattr(transformers, name), "from_pretrained", lambda _, make=make: make())
    small = {"vit_small_patch16_224": vit(), "swin_tiny_patch4_window7_224": swin()}
    monkeypatch.setattr(timm, "create_model", lambda name, pretrained: small[name])
    monkeypatch.chdir(folder)
