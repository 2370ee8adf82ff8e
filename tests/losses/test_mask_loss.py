"""Cross-entropy against torch's, Dice against a calculation by hand, and pixels of which nothing is known."""

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from jumok.losses.masks import mask_loss
from jumok.values import MaskTargets
from reference import leaf

B, C, Y, X = 2, 5, 7, 3


def problem(dtype=torch.float64):
    return leaf(B, C, Y, X, dtype=dtype), MaskTargets(torch.randint(-1, C, (B, Y, X)))


def dice(probabilities, classes):
    """What Dice adds to the loss of an image."""
    logits, targets = probabilities.clamp(min=1e-30).log(), MaskTargets(classes)
    both, entropy = (mask_loss(logits, targets, dice=wanted).total for wanted in (True, False))
    return (both - entropy) / len(logits)


def plain_dice(probabilities, classes):
    """The formula, for autograd to find its derivative."""
    known = (classes >= 0)[:, None]
    truth = F.one_hot(classes.clamp(min=0), C).movedim(-1, 1) * known
    shared, guessed, marked = (
        part.sum((0, 2, 3)) for part in (truth * probabilities, probabilities.square() * known, truth)
    )
    return (1 - 2 * shared / (guessed + marked))[marked > 0].mean()


def test_cross_entropy_is_torchs():
    logits, targets = problem()
    loss = mask_loss(logits, targets, dice=False)
    expected = F.cross_entropy(logits, targets.classes, ignore_index=-1) * B
    assert_close(loss.total, expected)
    assert_close(*(torch.autograd.grad(total, logits)[0] for total in (loss.total, expected)))
    assert loss.count == B and loss.correct == int((logits.argmax(1) == targets.classes).sum())
    assert type(loss.correct) is int


def test_dice_by_hand():
    """Two of the three classes occur; the last pixel is unknown, whatever is guessed there."""
    guessed = torch.tensor([[0.5, 0.2, 1.0], [0.5, 0.4, 0.0], [0.0, 0.4, 0.0]]).view(1, 3, 1, 3)
    classes = torch.tensor([[[0, 1, -1]]])
    first = 2 * 0.5 / (0.5**2 + 0.2**2 + 1)
    second = 2 * 0.4 / (0.5**2 + 0.4**2 + 1)
    assert_close(dice(guessed.double(), classes), torch.tensor(1 - (first + second) / 2).double())


def test_dice_of_the_truth_is_none():
    classes = torch.randint(C, (B, Y, X))
    truth = F.one_hot(classes, C).movedim(-1, 1).double()
    assert_close(dice(truth, classes), torch.zeros(()).double())


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_both_add_up_and_so_do_their_gradients(layout):
    logits, targets = problem()
    logits = logits.detach().contiguous(memory_format=layout).requires_grad_()
    known = F.cross_entropy(logits, targets.classes, ignore_index=-1)
    expected = (known + plain_dice(logits.softmax(1), targets.classes)) * B
    loss = mask_loss(logits, targets).total
    assert_close(loss, expected)
    assert_close(*(torch.autograd.grad(total, logits)[0] for total in (loss, expected)))


@pytest.mark.parametrize("dice", [True, False])
def test_unknown_pixels_cost_nothing(dice):
    logits, targets = problem()
    gradient = torch.autograd.grad(mask_loss(logits, targets, dice).total, logits)[0]
    unknown = (targets.classes < 0)[:, None].expand_as(gradient)
    assert (gradient[unknown] == 0).all() and (gradient[~unknown] != 0).all()


@pytest.mark.parametrize("dice", [True, False])
def test_nothing_known_costs_nothing(dice):
    logits, targets = problem()
    loss = mask_loss(logits, MaskTargets(torch.full_like(targets.classes, -1)), dice)
    assert loss.total == 0 and loss.correct == 0
    assert (torch.autograd.grad(loss.total, logits)[0] == 0).all()


def test_bf16_is_near_float32():
    logits, targets = problem(torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        loss = mask_loss(logits.bfloat16().contiguous(memory_format=torch.channels_last), targets)
    assert loss.total.dtype == torch.float32
    assert_close(loss.total, mask_loss(logits, targets).total, rtol=0.02, atol=0.02)
    assert torch.autograd.grad(loss.total, logits)[0].isfinite().all()
