"""The optimizer moves what it should, and goes on after a rest as if there had been none."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from jumok.errors import RunError
from jumok.training.checkpoint import Checkpoints
from jumok.training.muon import MOMENTUM, Muon, orthogonalize
from jumok.training.optimizer import build_optimizer, clip_gradients, optimizer_tensors, restore_optimizer


class Tied(nn.Module):
    """A small model with every kind of parameter: tied, recurrent, frozen, a bare table, never used."""

    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(11, 6))
        self.words = nn.Embedding(11, 6)
        self.cell = nn.GRU(6, 6, batch_first=True)
        self.norm = nn.LayerNorm(6)
        self.inner = nn.Linear(6, 6)
        self.logits = nn.Linear(6, 11)
        self.logits.weight = self.words.weight
        self.frozen = nn.Linear(6, 6).requires_grad_(False)
        self.unused = nn.Linear(6, 5)

    def forward(self, tokens):
        x = self.cell(self.words(tokens) + self.table[tokens])[0]
        return self.logits(self.frozen(self.inner(self.norm(x))))


def make(weight_decay=0.1, muon_factor=None):
    torch.manual_seed(3)
    model = Tied()
    return model, build_optimizer(model, 0.01, (0.9, 0.98), 1e-9, weight_decay, muon_factor)


def train(model, optimizer, steps):
    for step in steps:
        tokens = torch.randint(11, (4, 7), generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        cross_entropy(model(tokens).flatten(0, 1), tokens.flatten()).backward()
        clip_gradients(model.parameters(), 1.0)
        optimizer.step()


def test_only_the_matrices_of_layers_decay():
    model, optimizer = make()
    names = {parameter: name for name, parameter in model.named_parameters()}
    decayed, kept = ([names[p] for p in group["params"]] for group in optimizer.param_groups)
    assert sorted(decayed) == ["cell.weight_hh_l0", "cell.weight_ih_l0", "inner.weight", "unused.weight"]
    assert len(set(decayed + kept)) == len(decayed + kept)  # tied parameters once
    assert set(decayed + kept) == {n for n, p in model.named_parameters() if p.requires_grad}
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.1, 0.0]
    assert optimizer.adamw.defaults["fused"]


def test_a_model_without_matrices_is_fine():
    optimizer = build_optimizer(nn.LayerNorm(3), 0.1, (0.9, 0.99), 1e-8, 0.1)
    assert len(optimizer.param_groups) == 1


def test_fused_is_the_plain_adamw():
    model, optimizer = make(weight_decay=0.0)
    train(model, optimizer, range(5))
    plain, _ = make()
    optimizer = torch.optim.AdamW(
        plain.parameters(), 0.01, (0.9, 0.98), 1e-9, weight_decay=0.0, foreach=False
    )
    train(plain, optimizer, range(5))
    for one, other in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("muon_factor", [None, 4.0])
@pytest.mark.parametrize("first", [0, 1, 4])
def test_interrupted_and_resumed_is_bit_equal(tmp_path, first, muon_factor):
    model, optimizer = make(muon_factor=muon_factor)
    train(model, optimizer, range(first))
    checkpoints = Checkpoints(tmp_path, warn=pytest.fail)
    tensors = {"model": model.state_dict(), "optimizer": optimizer_tensors(optimizer, model)}
    checkpoints.save(first, tensors, {})
    train(model, optimizer, range(first, 9))

    torch.manual_seed(77)
    resumed = Tied()
    restarted = build_optimizer(resumed, 0.01, (0.9, 0.98), 1e-9, 0.1, muon_factor)
    train(resumed, restarted, range(2))  # traces that restoring must overwrite
    saved = checkpoints.load().tensors
    resumed.load_state_dict(saved["model"])
    restore_optimizer(restarted, resumed, saved["optimizer"])
    train(resumed, restarted, range(first, 9))

    assert_same(model.state_dict(), resumed.state_dict())
    assert_same(optimizer_tensors(optimizer, model), optimizer_tensors(restarted, resumed))


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


def test_muon_moves_the_matrices_of_layers_and_adamw_the_rest():
    model, optimizer = make(muon_factor=4.0)
    names = {parameter: name for name, parameter in model.named_parameters()}
    (matrices,), (others,) = (
        [group["params"] for group in part.param_groups] for part in reversed(optimizer.parts)
    )
    assert sorted(names[p] for p in matrices) == [
        "cell.weight_hh_l0",
        "cell.weight_ih_l0",
        "inner.weight",
        "unused.weight",
    ]
    assert {*matrices, *others} == {p for p in model.parameters() if p.requires_grad}
    optimizer.set_learning_rate(0.002)
    assert [group["lr"] for group in optimizer.param_groups] == [0.002, 0.008]


def test_muon_is_torchs():
    torch.manual_seed(5)
    shapes = [(6, 6), (8, 3), (3, 8), (6, 6)]
    ours = [nn.Parameter(torch.randn(shape)) for shape in shapes]
    theirs = [nn.Parameter(parameter.detach().clone()) for parameter in ours]
    optimizer = Muon(ours, 0.05, 0.1)
    reference = torch.optim.Muon(theirs, 0.05, 0.1, momentum=MOMENTUM, adjust_lr_fn="match_rms_adamw")
    for _ in range(4):
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn(one.shape)
            other.grad = one.grad.clone()
        optimizer.step()
        reference.step()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=0.02, rtol=0.0)  # theirs multiplies in bf16


def test_a_kernel_of_a_convolution_moves_as_the_matrix_of_its_outputs():
    kernel = nn.Parameter(torch.randn(4, 3, 2, 2))
    matrix = nn.Parameter(kernel.detach().flatten(1))
    for parameter in (kernel, matrix):
        parameter.grad = torch.arange(48.0).sin().view(parameter.shape)
        Muon([parameter], 0.1, 0.0).step()
    torch.testing.assert_close(kernel.detach().flatten(1), matrix.detach())


@pytest.mark.parametrize("shape", [(2, 5, 9), (1, 9, 5), (3, 7, 7), (2, 4, 30), (1, 30, 4)])
def test_orthogonalized_matrices_keep_their_singular_vectors(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    found = orthogonalize(matrices)
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    inner = left.mT @ found @ right.mT  # diagonal, of the new singular values
    values = inner.diagonal(dim1=-2, dim2=-1)
    torch.testing.assert_close(inner, torch.diag_embed(values), atol=1e-4, rtol=0.0)
    assert values.min() > 0.6 and values.max() < 1.3


def test_names_tell_the_parameter():
    model, optimizer = make()
    train(model, optimizer, range(3))
    tensors = optimizer_tensors(optimizer, model)
    assert torch.equal(tensors["exp_avg.inner.weight"], optimizer.adamw.state[model.inner.weight]["exp_avg"])
    assert tensors["step.inner.weight"] == 3
    assert tensors["step.unused.weight"] == 0
    assert not any("frozen" in name or "logits.weight" in name for name in tensors)


def test_restoring_copies():
    model, optimizer = make()
    train(model, optimizer, range(2))
    tensors = {name: tensor.clone() for name, tensor in optimizer_tensors(optimizer, model).items()}
    kept = {name: tensor.clone() for name, tensor in tensors.items()}
    restore_optimizer(optimizer, model, tensors)
    train(model, optimizer, range(2))
    assert_same(tensors, kept)


def test_other_names_are_refused():
    model, optimizer = make()
    tensors = optimizer_tensors(optimizer, model)
    missing = {name: tensor for name, tensor in tensors.items() if name != "exp_avg.inner.weight"}
    with pytest.raises(RunError, match="tensors of the optimizer lack 'exp_avg.inner.weight'"):
        restore_optimizer(optimizer, model, missing)
    with pytest.raises(RunError, match="no place for 'exp_avg.more'"):
        restore_optimizer(optimizer, model, tensors | {"exp_avg.more": torch.zeros(1)})
    with pytest.raises(RunError, match="another shape at 'exp_avg.inner.weight'"):
        restore_optimizer(optimizer, model, tensors | {"exp_avg.inner.weight": torch.zeros(1)})


def test_clipping_gives_the_norm_before_and_the_limit_after():
    parameters = [nn.Parameter(torch.zeros(3, 2)), nn.Parameter(torch.zeros(5))]
    for limit in (1.0, 100.0):
        parameters[0].grad, parameters[1].grad = torch.randn(3, 2), torch.randn(5)
        before = torch.cat([p.grad.flatten() for p in parameters])
        norm = clip_gradients(parameters, limit)
        after = torch.cat([p.grad.flatten() for p in parameters])
        assert norm == pytest.approx(before.norm().item())
        torch.testing.assert_close(after, before * min(1.0, limit / norm), atol=1e-5, rtol=1e-5)
    parameters[0].grad[0, 0] = float("nan")
    assert math.isnan(clip_gradients(iter(parameters), 1.0))
