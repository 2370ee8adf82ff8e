"""What a recording keeps of our models and torch's: every call, by the path of its module, and nothing left behind."""

import threading

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

import jumok
from jumok import RunError
from jumok.attention import core, interception, recurrent
from jumok.attention.core import attention_weights
from jumok.model import EncoderDecoder
from jumok.search import BeamSearch, Greedy, SearchRequest
from small_models import WRITABLE, logits_of, padded, small_model

KERNEL = F.scaled_dot_product_attention
TRANSFORMER = ("transformer-sinusoidal", "transformer-rotary")
LAYERS = [
    *(f"encoders.source.layers.{i}.attention" for i in range(2)),
    *(f"decoders.target.layers.{i}.{part}" for i in range(2) for part in ("attention", "cross")),
]
LOOKING = "decoders.target.attention"  # of recurrent decoders


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    yield
    assert F.scaled_dot_product_attention is KERNEL is torch._C._nn.scaled_dot_product_attention
    assert core.attend is not interception.WRAPPERS[core.attend]
    assert recurrent.attend is core.attend
    assert torch.backends.mha.get_fastpath_enabled()
    assert interception.number == 0 and interception.watchers.get() == ()


@pytest.fixture(params=["fused", "explicit"])
def path(request, monkeypatch):
    """Both ways through `attend`, whatever it would choose."""
    monkeypatch.setattr(core, "_explicit_is_faster", lambda q, k: request.param == "explicit")


def transformer() -> EncoderDecoder:
    return small_model(*TRANSFORMER)


def example():
    return padded([5, 3], 11), torch.randint(WRITABLE, (2, 4))


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("mode", ["training", "evaluation", "inference"])
def test_every_attention_of_a_transformer_is_kept(mode):
    model, (source, tokens) = transformer().train(mode == "training"), example()
    with torch.inference_mode(mode == "inference"), jumok.record(model) as maps:
        logits = logits_of(model, source, tokens)
    assert sorted(maps) == sorted(LAYERS) and len(maps) == 6
    assert logits.requires_grad == (mode != "inference")
    for name in maps:
        assert maps[name].check().ok, name
        sums = maps[name][...].sum(-1)
        assert_close(sums, torch.ones_like(sums))
    encoder, decoder, cross = (maps[name] for name in (LAYERS[0], LAYERS[2], LAYERS[3]))
    assert (encoder.shape, decoder.shape, cross.shape) == ((2, 2, 5, 5), (2, 2, 4, 4), (2, 2, 4, 5))
    assert not encoder[1, ..., 3:].any() and not cross[1, ..., 3:].any()  # padding
    assert not decoder[...].triu(1).any()  # the future


def test_the_weights_are_those_of_the_layer():
    model, (source, tokens) = transformer(), example()
    with jumok.record(model, only="*.cross") as maps:
        memory = model.encode({"source": source}).joined
        model.decoders["target"](tokens, memory)
    assert maps.names == [name for name in LAYERS if name.endswith("cross")]
    cross = model.get_submodule(LAYERS[3])
    inputs = []
    handle = cross.register_forward_pre_hook(lambda module, given: inputs.append(given))
    model.decoders["target"](tokens, memory)
    handle.remove()
    x, states, allowed = inputs[0]
    q, k = cross.split(cross.query(x)), cross.split(cross.key(states))
    assert_close(maps[LAYERS[3]][...].double(), attention_weights(q, k, allowed), atol=1e-6, rtol=0)


@pytest.mark.parametrize("decoder", ["gru-additive", "lstm-dot"])
@pytest.mark.parametrize("training", [True, False])
def test_recurrent_decoders_are_kept(decoder, training):
    model, (source, tokens) = small_model("gru-both", decoder).train(training), example()
    with jumok.record(model) as maps:
        logits_of(model, source, tokens)
    assert maps.names == [LOOKING]
    calls = maps.all(LOOKING)
    assert [call.shape for call in calls] == ([(2, 1, 1, 5)] * 4 if "additive" in decoder else [(2, 1, 4, 5)])
    for call in calls:
        assert call.check().ok and not call[1, ..., 3:].any()
        assert_close(call[...].sum(-1), torch.ones(call.shape[:3]))


def test_what_a_model_computes_stays_the_same():
    model, (source, tokens) = transformer(), example()
    alone = logits_of(model, source, tokens)
    with jumok.record(model):
        assert torch.equal(logits_of(model, source, tokens), alone)
    assert torch.equal(logits_of(model, source, tokens), alone)
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


def test_a_step_of_training_is_kept_with_its_gradients():
    model, (source, tokens) = transformer().train(), example()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with jumok.record(model, gradients=True) as maps:
        for step in range(2):
            optimizer.zero_grad()
            logits_of(model, source, tokens).square().sum().backward()
            optimizer.step()
            assert len(maps.calls) == 6
            for call in maps.calls:
                assert call.check().ok  # the step changed the weights of the model, not what was kept
                assert call.gradient(0, 0).shape == call.shape[2:] and call.gradient().any()
            if not step:
                maps.clear()


def test_a_step_of_training_does_not_change_additive_weights():
    model, (source, tokens) = small_model("gru", "gru-additive").train(), example()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    with jumok.record(model) as maps:
        logits_of(model, source, tokens).sum().backward()
    before = maps.all(LOOKING)[1][...]
    optimizer.step()
    maps.all(LOOKING)[1]._known.clear()
    assert torch.equal(maps.all(LOOKING)[1][...], before)


@pytest.mark.parametrize("search", [Greedy(), BeamSearch(beam=3)])
def test_a_search_is_kept_step_by_step(search):
    model, (source, _) = transformer(), example()
    with torch.inference_mode(), jumok.record(model) as maps:
        memory = model.encode({"source": source}).joined
        search(model.decoders["target"], memory, SearchRequest(1, 2, 6))
    past, cross = maps.all(LAYERS[2]), maps.all(LAYERS[3])
    assert len(past) == len(cross) > 2 and maps[LAYERS[0]].shape == (2, 2, 5, 5)
    assert [call.shape[3] for call in past] == list(range(1, len(past) + 1))
    for one, other in zip(past, cross, strict=True):
        assert one.check().ok and other.check().ok
        assert one.shape[0] == other.shape[0] * other.shape[2]  # hypotheses stand side by side


def test_autocast_is_kept_in_the_numbers_of_the_kernel():
    model, (source, tokens) = transformer().float(), example()
    with torch.autocast("cpu", torch.bfloat16), jumok.record(model) as maps:
        logits_of(model, source, tokens)
    assert {name for name in LAYERS if maps.all(name)} == set(LAYERS)
    for call in maps.calls:
        assert call.scores.queries.dtype == call.output.dtype == torch.bfloat16
        assert call.check().ok, call.check()


def test_autocast_of_the_kernel_itself():
    class Bare(nn.Module):
        def forward(self, x):
            return F.scaled_dot_product_attention(x, x, x, torch.ones(5, 5))

    model = Bare()
    with torch.autocast("cpu", torch.bfloat16), jumok.record(model) as maps:
        model(torch.randn(1, 2, 5, 8))
    kept = maps[""]
    assert {part.dtype for part in kept.kept()} == {torch.bfloat16} and kept.check().ok


@pytest.mark.parametrize("training", [True, False])
def test_torchs_transformer_is_kept(training):
    model = nn.Transformer(16, 4, 2, 2, 32, dropout=0.0, batch_first=True).train(training)
    mask = nn.Transformer.generate_square_subsequent_mask(4)
    padding = torch.arange(6) >= torch.tensor([[6], [4]])
    with torch.inference_mode(not training), jumok.record(model) as maps:
        model(
            torch.randn(2, 6, 16),
            torch.randn(2, 4, 16),
            tgt_mask=mask,
            src_key_padding_mask=padding,
            memory_key_padding_mask=padding,
        )
    assert (
        maps.names[0] == "encoder.layers.0.self_attn" and maps.names[-1] == "decoder.layers.1.multihead_attn"
    )
    assert len(maps.calls) == 6 and all(call.check().ok for call in maps.calls)
    assert not maps["decoder.layers.0.self_attn"][...].triu(1).any()
    assert not maps["decoder.layers.0.multihead_attn"][1, ..., 4:].any()


def test_torchs_multihead_attention_gives_the_weights_that_it_gives():
    model, x = nn.MultiheadAttention(16, 4, batch_first=True), torch.randn(2, 5, 16)
    with jumok.record(model) as maps:
        model(x, x, x, need_weights=False)
    _, expected = model(x, x, x, average_attn_weights=False)
    assert_close(maps[""][...], expected, atol=1e-6, rtol=0)
    with jumok.record(model) as maps:
        model(x, x, x)  # this one makes all weights itself
    with pytest.raises(RunError, match=r"need_weights=False"):
        maps[""]


class Named(nn.Module):
    """Knows the kernel under a name of its own, which is that of this file."""

    def forward(self, x):
        return KERNEL(x, x, x)


def test_a_model_may_know_the_kernel_by_another_name():
    model = Named()
    with jumok.record(model) as maps:
        model(torch.randn(1, 1, 3, 2))
    assert maps[""].shape == (1, 1, 3, 3)


def test_names_that_are_wrong_are_told():
    model, (source, tokens) = transformer(), example()
    with jumok.record(model) as maps:
        logits_of(model, source, tokens)
        logits_of(model, source, tokens)
    with pytest.raises(RunError, match=r"did you mean 'decoders.target.layers.0.cross'"):
        maps["decoders.target.layers.0.crss"]
    with pytest.raises(RunError, match=r"attended 2 times; maps.all\('encoders"):
        maps[LAYERS[0]]
    assert len(maps.all(LAYERS[0])) == 2
    with jumok.record(model, only=["*.crss", "x.*"]) as maps:
        logits_of(model, source, tokens)
    with pytest.raises(
        RunError, match=r"nothing is like '\*.crss' or 'x.\*'; those that attended: encoders.source"
    ):
        maps["x"]
    with jumok.record(model) as maps:
        pass
    with pytest.raises(RunError, match="nothing in the model called scaled_dot_product_attention"):
        maps["x"]


def test_an_exception_ends_a_recording():
    model, (source, tokens) = transformer(), example()
    with pytest.raises(ZeroDivisionError), jumok.record(model) as maps:
        logits_of(model, source, tokens)
        raise ZeroDivisionError
    assert len(maps.calls) == 6 and maps[LAYERS[0]].check().ok
    with pytest.raises(RuntimeError), jumok.record(model) as maps:
        F.scaled_dot_product_attention(torch.randn(2, 3), torch.randn(2, 4), torch.randn(2, 3))


def test_several_recordings_keep_their_own():
    model, other, (source, tokens) = transformer(), transformer(), example()
    with jumok.record(model) as outer, jumok.record(other) as others:
        logits_of(model, source, tokens)
        with jumok.record(model.decoders["target"]) as inner:
            logits_of(model, source, tokens)
        assert F.scaled_dot_product_attention is not KERNEL  # the outer ones go on
        logits_of(other, source, tokens)
    assert [len(maps.calls) for maps in (outer, inner, others)] == [12, 4, 6]
    assert inner.names[0] == "layers.0.attention"


def test_threads_keep_their_own():
    model, (source, tokens) = transformer(), example()
    found, both = {}, threading.Barrier(2)

    def look(times: int) -> None:
        if times == 2:
            both.wait()  # begins later, and ends later
        with jumok.record(model) as maps:
            if times == 1:
                both.wait()
                both.wait()
            else:
                both.wait()
            for _ in range(times):
                logits_of(model, source, tokens)
            if times == 2:
                both.wait()
            found[times] = len(maps.calls)
        if times == 1:
            both.wait()

    threads = [threading.Thread(target=look, args=(times,)) for times in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {1: 6, 2: 12}


def test_another_thread_is_not_kept():
    model, (source, tokens) = transformer(), example()
    with jumok.record(model) as maps:
        thread = threading.Thread(target=logits_of, args=(model, source, tokens))
        thread.start()
        thread.join()
    with pytest.raises(RunError, match="in this thread"):
        maps[LAYERS[0]]


@pytest.mark.parametrize("reentrant", [True, False])
def test_activation_checkpoints_are_kept_once(reentrant):
    class Checkpointed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True)

        def forward(self, x):
            return torch.utils.checkpoint.checkpoint(self.layer, x, use_reentrant=reentrant)

    model, x = Checkpointed(), torch.randn(2, 5, 16, requires_grad=True)
    with jumok.record(model, gradients=True) as maps:
        model(x).square().sum().backward()
    kept = maps["layer.self_attn"]
    assert kept.check().ok
    if reentrant:  # its first run knows of no gradient
        with pytest.raises(RunError, match="no gradient"):
            kept.gradient()
    else:
        assert kept.gradient().any()


@pytest.mark.parametrize("way", ["torch.compile", "model.compile", "a part"])
def test_compiled_models_are_kept(way):
    model, x = nn.TransformerEncoder(layer_of_torch(), 2, enable_nested_tensor=False), torch.randn(2, 5, 16)
    whole = model
    if way == "torch.compile":
        whole = torch.compile(model, backend="eager")
    elif way == "model.compile":
        model.compile(backend="eager")
    else:
        model.layers[1] = torch.compile(model.layers[1], backend="eager")
    with torch.no_grad():
        first = whole(x)
        compiled = torch._dynamo.utils.counters["frames"]["total"]
        with jumok.record(whole) as maps:
            assert torch.equal(whole(x), first)
        assert torch.equal(whole(x), first)
    assert maps.names == ["layers.0.self_attn", "layers.1.self_attn"]
    assert (
        compiled and torch._dynamo.utils.counters["frames"]["total"] == compiled
    )  # and was not compiled again
    torch._dynamo.reset()


def layer_of_torch() -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True)


def test_a_model_compiled_while_recording_is_kept_where_the_compiler_was_loaded_before():
    model, x = nn.TransformerEncoder(layer_of_torch(), 1, enable_nested_tensor=False), torch.randn(2, 5, 16)
    torch._dynamo.reset()
    with torch.no_grad(), jumok.record(model) as maps:
        whole = torch.compile(model, backend="eager")
        whole(x)
    assert maps.names == ["layers.0.self_attn"]
    with torch.no_grad():
        whole(x)
    assert len(maps.calls) == 1
    torch._dynamo.reset()
