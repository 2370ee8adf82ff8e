"""Models as graphs: what torch exports, for every batch and length, computes what the model itself computes."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim, export
from torch.testing import assert_close

from jumok.attention.multihead import MultiHeadAttention
from jumok.attention.positions import NoPositions, SinusoidalPositions
from jumok.decoders.transformer import TransformerDecoder
from jumok.dropout import Dropout
from jumok.encoders.convolutional import ConvolutionalEncoder
from jumok.encoders.image import GridTokens, ImageEncoder
from jumok.encoders.transformer import TransformerEncoder
from jumok.exporting.steps import DecoderStart, DecoderStep
from jumok.layers.embedding import TokenEmbedding, TokenOutput
from jumok.layers.feedforward import FeedForward
from jumok.layers.transformer import Residual, TransformerDecoderLayer, TransformerEncoderLayer
from jumok.nested import tensors_of
from jumok.values import ImageBatch, Memory, Padded
from small_models import INNER, READABLE, TRANSFORMERS, WRITABLE, D, H, padded, small_model

pytestmark = [
    pytest.mark.filterwarnings(
        "ignore:The tensor attributes self:UserWarning"
    ),  # of torch's own recurrent layers
    pytest.mark.filterwarnings(
        "ignore:The .grad attribute of a Tensor:UserWarning"
    ),  # torch's compiler asks for it
]
POST_NORM = "transformer-post-norm"
ENCODERS = ["rnn", "lstm-both", "gru-both", *TRANSFORMERS, POST_NORM]
LENGTHS = [
    [7, 2, 0, 5],
    [3],
    [8, 8],
]  # of sources: padded, without anything to look at, alone, and all of one length


def random_small(encoder: str, decoder: str) -> Any:
    model = small_model(*(TRANSFORMERS[0] if name == POST_NORM else name for name in (encoder, decoder)))
    for part in model.modules() if POST_NORM in (encoder, decoder) else ():
        if isinstance(part, Residual):
            part.pre_norm = False
        if isinstance(part, TransformerEncoder | TransformerDecoder):
            part.norm = nn.Identity()
    return model


def memory(lengths: list[int]) -> Memory:
    B, S = len(lengths), max(lengths) + 1
    states, summary = torch.randn(B, S, D).double(), torch.randn(B, D).double()
    return Memory(states, torch.arange(S) < torch.tensor(lengths)[:, None], summary)


def varying(some: tuple[Tensor, ...], others: tuple[Tensor, ...]) -> tuple[dict[int, Any], ...]:
    """The dimensions that differ in two calls, to be dynamic; torch finds out which are the same number."""
    pairs = ((a.shape, b.shape) for a, b in zip(some, others, strict=True))
    return tuple({i: Dim.DYNAMIC for i in range(len(a)) if a[i] != b[i]} for a, b in pairs)


@pytest.mark.parametrize("name", ENCODERS)
@torch.no_grad()
def test_exported_encoder_equals_the_encoder(name: str) -> None:
    encoder = random_small(name, "gru-none").encoders["source"]
    sizes = {0: Dim("B"), 1: Dim("S", max=40) if "learned" in name else Dim("S")}
    program = export(encoder, (padded([5, 3, 4], READABLE),), dynamic_shapes=(Padded(sizes, sizes),)).module()
    for lengths in LENGTHS:
        source = padded(lengths, READABLE, max(lengths) + 1)
        found = program(source)
        assert_close(found, encoder(source))
        assert all(bool(part.isfinite().all()) for part in (found.states, found.summary))


def stepped(decoder: Any, lengths: list[int], steps: int, hypotheses: int) -> tuple[Tensor, ...]:
    """A token and the tensors of a state, after so many steps."""
    state = decoder.start(memory(lengths))
    rows = torch.arange(len(lengths)).repeat_interleave(hypotheses)
    if hypotheses > 1:
        state = state.select(rows, None)
    for _ in range(steps):
        _, state = decoder.step(torch.randint(WRITABLE, rows.shape), state)
    return torch.randint(WRITABLE, rows.shape), *tensors_of(state).values()


RECURRENT = ["rnn-additive", "lstm-dot", "gru-none"]  # with SHARED, each cell and each attention twice
STEPS = [(name, 1) for name in (*RECURRENT, *TRANSFORMERS, POST_NORM)]
SHARED = [
    (name, 3) for name in ("rnn-none", "lstm-additive", "gru-dot", "transformer-rotary")
]  # by hypotheses


@pytest.mark.parametrize(("name", "hypotheses"), STEPS + SHARED)
@torch.no_grad()
def test_exported_step_equals_the_step(name: str, hypotheses: int) -> None:
    decoder = random_small("gru", name).decoders["target"]
    step = DecoderStep(decoder, decoder.start(memory([2])))
    given = stepped(decoder, [5, 3, 4], 3, hypotheses)
    shapes = varying(given, stepped(decoder, [7, 6, 2, 1], 4, hypotheses))
    program = export(step, given, dynamic_shapes=(shapes[0], shapes[1:])).module()
    for lengths, steps in zip(LENGTHS, (5, 1, 0 if hypotheses == 1 else 2), strict=True):
        given = stepped(decoder, lengths, steps, hypotheses)
        logits, *state = program(*given)
        expected, after = decoder.step(given[0], step.state(given[1:]))
        assert_close((logits, *state), (expected, *tensors_of(after).values()))
        assert bool(logits.isfinite().all()) and step.names == tuple(tensors_of(after))


@pytest.mark.parametrize("name", ["rnn-none", "lstm-additive", "gru-dot", "transformer-rotary"])
@torch.no_grad()
def test_exported_start_and_steps_write_what_the_decoder_writes(name: str) -> None:
    decoder = random_small("gru", name).decoders["target"]
    given, sizes = memory([5, 3, 4])[:3], {0: Dim("B"), 1: Dim("S")}
    shapes = (sizes, sizes, {0: sizes[0]})
    start = export(DecoderStart(decoder), given, dynamic_shapes=shapes).module()
    looked = memory([2, 6])
    state, tensors = decoder.start(looked), start(*looked[:3])
    step = DecoderStep(decoder, state)
    for token in torch.randint(WRITABLE, (3, 2)):
        expected, state = decoder.step(token, state)
        logits, *tensors = step(token, *tensors)
        assert_close(logits, expected)


@torch.no_grad()
def test_exported_positions_go_beyond_the_table() -> None:
    positions, L = SinusoidalPositions(D), Dim("L")
    program = export(positions, (torch.zeros(2, 5, D),), dynamic_shapes=({1: L},)).module()
    for length in (3, 300):
        x = torch.randn(2, length, D)
        assert_close(program(x), positions(x))


def convolutional() -> ConvolutionalEncoder:
    return ConvolutionalEncoder((4, 8), (4, 6, 8), blocks=1)


def grid() -> GridTokens:
    layer = TransformerEncoderLayer(D, MultiHeadAttention(D, H), FeedForward(D, INNER))
    return GridTokens(8, D, 8, [layer])


def image_encoder() -> ImageEncoder:
    return ImageEncoder(convolutional(), None, grid()).eval()


def images(B: int, Y: int, X: int) -> ImageBatch:
    sizes = torch.tensor([[Y, X], [Y // 2, X // 3], [Y - 3, X]])[torch.arange(B) % 3]
    return ImageBatch(torch.randint(0, 256, (B, 3, Y, X), dtype=torch.uint8), sizes, sizes)


@torch.no_grad()
def test_exported_image_encoder_equals_the_encoder() -> None:
    """For sizes that the coarsest stride divides; tests/exporting has whole models of images, with their heads."""
    model, B = image_encoder(), Dim("B")
    pixels = {0: B, 2: 16 * Dim("Y"), 3: 16 * Dim("X")}
    program = export(
        model, (images(3, 32, 48),), dynamic_shapes=(ImageBatch(pixels, {0: B}, {0: B}),)
    ).module()
    for batch in (images(5, 32, 48), images(1, 64, 32)):
        assert_close(program(batch), model(batch))


@torch.no_grad()
def test_exported_text_decoder_reads_an_exported_image() -> None:
    encoder = image_encoder()
    words = TokenEmbedding(WRITABLE, D)
    layer = TransformerDecoderLayer(
        D, MultiHeadAttention(D, H), MultiHeadAttention(D, H), FeedForward(D, INNER)
    )
    decoder = TransformerDecoder(words, NoPositions(), [layer], TokenOutput(WRITABLE, D, words)).eval()
    batch, B = images(3, 32, 48), Dim("B")
    encode = export(encoder, (batch,), dynamic_shapes=(ImageBatch({0: B}, {0: B}, {0: B}),)).module()
    batch = images(5, 32, 48)
    state, step = decoder.start(encoder(batch)), DecoderStep(decoder, decoder.start(encoder(batch)))
    token = torch.randint(WRITABLE, (5,))
    tensors = DecoderStart(decoder)(*encode(batch)[:3])
    given = (token, *tensors)
    shapes = varying(given, (token[:3], *tensors_of(decoder.start(encoder(images(3, 32, 48)))).values()))
    program = export(step, given, dynamic_shapes=(shapes[0], shapes[1:])).module()
    assert_close(program(*given)[0], decoder.step(token, state)[0])


def learned(model: nn.Module, run: Any, lengths: list[int]) -> tuple[Tensor, list[Tensor | None]]:
    """What comes before the output, and the gradients of a step of training."""
    torch.manual_seed(0)
    source, target = padded(lengths, READABLE, max(lengths) + 1), torch.randint(WRITABLE, (len(lengths), 6))
    model.zero_grad()
    logits = run["decode"](target, run["encode"](source))
    logits.logsumexp(-1).sum().backward()
    return logits, [parameter.grad for parameter in model.parameters()]


@pytest.mark.parametrize(
    ("encoder", "decoder", "whole"),
    [
        ("transformer-sinusoidal", "transformer-rotary", True),
        ("transformer-learned", POST_NORM, True),
        (
            "lstm-both",
            "gru-additive",
            False,
        ),  # torch never compiles a recurrent layer: it calls its kernel in between
    ],
)
def test_compiled_training_step_equals_the_plain_one(encoder: str, decoder: str, whole: bool) -> None:
    torch._dynamo.reset()
    model = random_small(encoder, decoder).train()
    plain = {"encode": model.encoders["source"], "decode": model.decoders["target"]}
    made = {name: torch.compile(part, backend="eager", fullgraph=whole) for name, part in plain.items()}
    for lengths in LENGTHS[:2]:
        assert_close(learned(model, made, lengths), learned(model, plain, lengths))


def test_compiled_dropout_is_in_one_graph() -> None:
    torch._dynamo.reset()
    dropped = torch.compile(Dropout(0.25), backend="eager", fullgraph=True)(torch.ones(100, 100))
    assert set(dropped.unique().tolist()) == {0.0, torch.tensor(4 / 3).item()}
    assert 0.2 < (dropped == 0).float().mean() < 0.3
