"""Recordings of models that know nothing of jumok: timm's vision transformers, and encoder-decoders of transformers."""

import pytest
import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.testing import assert_close

import jumok
from jumok import Recording, RunError
from jumok.search.tracing import along

B, S, T = 2, 7, 5
KINDS = ["marian", "t5"]


def other(kind: str, attention: str = "sdpa") -> nn.Module:
    """A small encoder-decoder of transformers."""
    transformers = pytest.importorskip("transformers")
    common = {
        "vocab_size": 32,
        "d_model": 16,
        "decoder_start_token_id": 0,
        "pad_token_id": 0,
        "eos_token_id": 1,
    }
    if kind == "t5":
        config = transformers.T5Config(d_kv=4, d_ff=32, num_layers=2, num_heads=4, dropout_rate=0.0, **common)
        model = transformers.T5ForConditionalGeneration._from_config(config, attn_implementation=attention)
    else:
        sizes = {f"{side}_{what}": n for side in ("encoder", "decoder") for what, n in SIZES.items()}
        config = transformers.MarianConfig(
            dropout=0.0, forced_eos_token_id=None, max_position_embeddings=64, **sizes, **common
        )
        model = transformers.MarianMTModel._from_config(config, attn_implementation=attention)
    for parameter in model.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return model.eval()


SIZES = {"layers": 2, "attention_heads": 4, "ffn_dim": 32}


def inputs() -> dict[str, Tensor]:
    real = (torch.arange(S) < torch.tensor([[S], [4]])).long()
    return {"input_ids": torch.randint(2, 32, (B, S)), "attention_mask": real}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("training", [True, False])
def test_weights_are_those_that_transformers_gives_when_it_makes_them(kind, training):
    model, given = other(kind), inputs() | {"decoder_input_ids": torch.randint(2, 32, (B, T))}
    slow = other(kind, "eager")
    slow.load_state_dict(model.state_dict())
    model.train(training)
    with jumok.record(model, gradients=training) as maps:
        out = model(**given)
        if training:
            out.logits.sum().backward()
    expected = slow(**given, output_attentions=True)
    calls = [("encoder", expected.encoder_attentions), ("decoder", expected.decoder_attentions)]
    for stack, theirs in [*calls, ("cross", expected.cross_attentions)]:
        names = [name for name in maps if stack_of(name) == stack]
        assert len(names) == len(theirs) == 2
        for name, weights in zip(names, theirs, strict=True):
            assert_close(maps[name][...], weights.detach(), atol=2e-6, rtol=0)
            assert maps[name].check().ok
            if training:
                assert maps[name].gradient().shape == weights.shape


def stack_of(name: str) -> str:
    if "encoder_attn" in name or "EncDecAttention" in name:
        return "cross"
    return "encoder" if name.startswith(("encoder.", "model.encoder.")) else "decoder"


@pytest.mark.parametrize("kind", KINDS)
def test_bf16_holds(kind):
    model = other(kind).bfloat16()
    with torch.inference_mode(), jumok.record(model) as maps:
        model(**inputs(), decoder_input_ids=torch.randint(2, 32, (B, T)))
    assert len(maps.calls) == 6 and all(call.check().ok for call in maps.calls)


def test_the_slow_attention_of_transformers_is_told_what_to_do():
    model = other("t5", "eager")
    with jumok.record(model) as maps:
        model(**inputs(), decoder_input_ids=torch.randint(2, 32, (B, T)))
    with pytest.raises(RunError, match="attn_implementation='sdpa'"):
        maps["encoder.block.0.layer.0.SelfAttention"]


def generated(model: nn.Module, copies: bool = False, **options) -> tuple[Recording, object]:
    torch.manual_seed(1)
    with jumok.record(model, copies=copies) as maps:
        options = {"max_new_tokens": 6, "return_dict_in_generate": True, **options}
        return maps, model.generate(**inputs(), **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beams", [1, 3])
def test_generation_through_the_cache_is_that_of_one_pass(kind, beams):
    model = other(kind)
    maps, out = generated(model, num_beams=beams)
    said = out.sequences  # (B, 1 + steps), the first being the start
    steps = said.shape[1] - 1
    torch.manual_seed(1)
    with torch.no_grad(), jumok.record(model) as forced:
        model(**inputs(), decoder_input_ids=said[:, :-1])
    for name in [name for name in maps if stack_of(name) != "encoder"]:
        calls = maps.all(name)
        assert len(calls) >= steps
        for example in range(B):
            kept = out.beam_indices[example].tolist() if beams > 1 else [example] * steps
            rows = [row for row in kept if row >= 0]
            found = along(calls, rows, head=1)  # (T, S)
            whole = forced[name][example, 1, : len(rows), : found.shape[1]]
            assert_close(found, whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cache_that_is_written_into_wants_copies(kind):
    model = other(kind)
    maps, _ = generated(model, cache_implementation="static")
    name = next(name for name in maps if stack_of(name) == "decoder")
    with pytest.raises(RunError, match="copies=True"):
        maps.all(name)[0][...]
    copied, _ = generated(model, copies=True, cache_implementation="static")
    plain, _ = generated(model)
    for one, other_ in zip(copied.all(name), plain.all(name), strict=True):
        weights = one[...]
        assert one.check().ok
        assert_close(weights[..., : other_.shape[3]], other_[...], atol=1e-5, rtol=0)
        assert not weights[..., other_.shape[3] :].any()  # room for what is not written yet


def test_vision_transformers_are_kept():
    model = timm.create_model("vit_tiny_patch16_224", img_size=64, depth=2).eval()
    photo = torch.randn(B, 3, 64, 64)
    with torch.inference_mode(), jumok.record(model) as maps:
        model(photo)
    assert maps.names == ["blocks.0.attn", "blocks.1.attn"]
    assert maps["blocks.0.attn"].shape == (B, 3, 17, 17)
    weights = []
    for block in model.blocks:
        block.attn.fused_attn = False
        block.attn.attn_drop.register_forward_pre_hook(lambda part, given: weights.append(given[0]))
    model(photo)
    for name, expected in zip(maps, weights, strict=True):
        assert_close(maps[name][...], expected.detach(), atol=1e-6, rtol=0)
        assert maps[name].check().ok


def test_windows_of_swin_are_kept():
    options = {"img_size": 56, "window_size": 7, "embed_dim": 16, "depths": (2, 2), "num_heads": (2, 4)}
    model = timm.create_model("swin_tiny_patch4_window7_224", **options).eval()
    photo, attention = torch.randn(B, 3, 56, 56), model.layers[0].blocks[1].attn
    weights = []
    handle = attention.attn_drop.register_forward_pre_hook(lambda part, given: weights.append(given[0]))
    assert attention.fused_attn is False  # as timm has it
    expected = model(photo)
    handle.remove()
    with torch.inference_mode(), jumok.record(model) as maps:
        found = model(photo)
    assert attention.fused_attn is False
    assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert maps.names == [f"layers.{i}.blocks.{j}.attn" for i in range(2) for j in range(2)]
    shifted = maps["layers.0.blocks.1.attn"]
    assert shifted.shape == (4 * B, 2, 49, 49)
    assert_close(shifted[...], weights[0].detach(), atol=1e-6, rtol=0)
    assert all(call.check().ok for call in maps.calls)


def test_queries_and_keys_may_share_heads():
    class Grouped(nn.Module):
        def forward(self, q, k, v):
            return F.scaled_dot_product_attention(q, k, v, enable_gqa=True)

    model, q, (k, v) = Grouped(), torch.randn(B, 6, T, 4), torch.randn(2, B, 2, S, 4)
    with jumok.record(model) as maps:
        model(q, k, v)
    assert maps[""].shape == (B, 6, T, S) and maps[""].check().ok
    assert_close(maps[""][1, 4], (q[1, 4] @ k[1, 1].T / 2).softmax(-1), atol=1e-6, rtol=0)
