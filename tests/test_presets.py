"""Small models by name: each is what its docstring says, and learns."""

import re
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

import jumok
from jumok import presets
from jumok.data.text.specials import BOS, EOS
from jumok.losses.dense import dense_loss
from jumok.losses.masks import mask_loss
from jumok.losses.tokens import Loss, token_loss
from jumok.model import EncoderDecoder
from jumok.search import Greedy, SearchRequest
from jumok.values import BoxTargets, ImageBatch, MaskTargets, Padded

B, Y, X = 4, 48, 64
SIZES = {
    "small_translator": (5000, 5000),
    "small_detector": (3,),
    "small_segmenter": (3,),
    "small_reader": (100,),
}
SHOWN = (("red", 0, (8, 8, 40, 32)), ("green", 1, (24, 16, 56, 40)))  # class, number, box


def images() -> tuple[ImageBatch, list[tuple[int, tuple[int, int, int, int]]]]:
    """Images with a red or a green rectangle, and the class and box of each."""
    pixels = torch.randint(0, 40, (B, 3, Y, X), dtype=torch.uint8)
    objects = []
    for i in range(B):
        _, number, (x1, y1, x2, y2) = SHOWN[i % 2]
        pixels[i, number, y1:y2, x1:x2] = 220
        objects.append((number, (x1, y1, x2, y2)))
    size = torch.tensor([[Y, X]] * B)
    return ImageBatch(pixels, size, size), objects


def shifted(tokens: Tensor) -> Tensor:
    """What was read when tokens are written."""
    return torch.cat((torch.full((len(tokens), 1), BOS), tokens[:, :-1]), 1)


def text_loss(model: EncoderDecoder, inputs: dict, name: str, tokens: Tensor) -> Loss:
    decoder = model.decoders[name]
    hidden = decoder.hidden(shifted(tokens), model.encode(inputs).joined)
    return token_loss(decoder.output, hidden, tokens, torch.ones_like(tokens, dtype=torch.bool))


def translating() -> tuple[EncoderDecoder, Callable[[EncoderDecoder], Loss]]:
    tokens = torch.randint(4, 20, (16, 6))
    source = {"source": Padded(tokens, torch.ones_like(tokens, dtype=torch.bool))}
    return presets.small_translator(20, 20), lambda model: text_loss(model, source, "target", tokens.flip(1))


def reading() -> tuple[EncoderDecoder, Callable[[EncoderDecoder], Loss]]:
    photos, objects = images()
    tokens = torch.tensor([[4 + number, 6, EOS] for number, _ in objects])
    return presets.small_reader(20), lambda model: text_loss(model, {"photo": photos}, "text", tokens)


def detecting() -> tuple[EncoderDecoder, Callable[[EncoderDecoder], Loss]]:
    photos, objects = images()
    boxes = torch.tensor([[box] for _, box in objects], dtype=torch.float32)
    labels = torch.tensor([[number] for number, _ in objects])
    real = torch.ones_like(labels, dtype=torch.bool)
    targets = BoxTargets(boxes, labels, real, ~real)
    return presets.small_detector(2), lambda model: dense_loss(
        model.decoders["objects"](model.encode({"photo": photos}).of("photo")), targets
    )


def painting() -> tuple[EncoderDecoder, Callable[[EncoderDecoder], Loss]]:
    photos, objects = images()
    classes = torch.zeros(B, Y, X, dtype=torch.int64)
    for i, (number, (x1, y1, x2, y2)) in enumerate(objects):
        classes[i, y1:y2, x1:x2] = 1 + number
    return presets.small_segmenter(3), lambda model: mask_loss(
        model.decoders["mask"](model.encode({"photo": photos}).of("photo")), MaskTargets(classes)
    )


TASKS = {
    "small_translator": translating,
    "small_reader": reading,
    "small_detector": detecting,
    "small_segmenter": painting,
}


@pytest.mark.parametrize("name", presets.__all__)
def test_a_preset_has_the_size_that_it_names(name):
    preset = getattr(jumok.presets, name)
    (millions,) = re.findall(r"([\d.]+) M parameters", preset.__doc__)
    assert f"{preset(*SIZES[name]).size() / 1e6:.1f}" == millions


@pytest.mark.parametrize("name", presets.__all__)
def test_a_preset_learns(name):
    model, loss_of = TASKS[name]()
    optimizer = torch.optim.AdamW(model.train().parameters(), lr=2e-3)
    losses = []
    for _ in range(12):
        loss = loss_of(model)
        optimizer.zero_grad()
        (loss.total / loss.count).backward()
        assert all(part.grad is not None for part in model.parameters())
        optimizer.step()
        losses.append(float(loss.total.detach()) / loss.count)
    assert sum(losses[-3:]) < 0.85 * sum(losses[:3])


def test_outputs_have_the_shapes_that_docstrings_name():
    photos, _ = images()
    source = Padded(torch.randint(4, 20, (B, 7)), torch.ones(B, 7, dtype=torch.bool))
    read = torch.randint(4, 20, (B, 5))
    with torch.no_grad():
        translated = presets.small_translator(20, 30)({"source": source}, {"target": read})["target"]
        said = presets.small_reader(30)({"photo": photos}, {"text": read})["text"]
        painter, finder = presets.small_segmenter(3), presets.small_detector(2)
        painted = painter.decoders["mask"](painter.encode({"photo": photos}).of("photo"))
        found = finder.decoders["objects"](finder.encode({"photo": photos}).of("photo"))
    cells = Y * X // 8**2 + Y * X // 16**2
    assert translated.shape == said.shape == (B, 5, 30) and painted.shape == (B, 3, Y, X)
    assert found.logits.shape == (B, cells, 2) and found.boxes.shape == (B, cells, 4)
    assert found.quality.shape == (B, cells)


def test_a_translator_answers_by_a_search():
    model = presets.small_translator(20, 20).eval()
    source = Padded(torch.randint(4, 20, (3, 7)), torch.ones(3, 7, dtype=torch.bool))
    with torch.inference_mode():
        found = Greedy()(
            model.decoders["target"], model.encode({"source": source}).joined, SearchRequest(BOS, EOS, 9)
        )
    assert [len(answers) for answers in found] == [1, 1, 1]
