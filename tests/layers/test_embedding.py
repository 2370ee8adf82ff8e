"""Token numbers to vectors and back."""

import pytest
import torch
from torch.testing import assert_close

from jumok.layers.embedding import TokenEmbedding, TokenOutput
from reference import gradients, leaf, random_parameters

B, L, D, V = 2, 3, 5, 7


def test_embedding_is_a_scaled_row_of_the_table():
    embedding, tokens = random_parameters(TokenEmbedding(V, D)), torch.tensor([[1, 4, 4], [0, 6, 1]])
    vectors = embedding(tokens)
    expected = torch.stack([embedding.table[token] for token in tokens.flatten()]).view(B, L, D) * D**0.5
    assert_close(vectors, expected)
    assert_close(gradients(vectors, [embedding.table]), gradients(expected, [embedding.table]))


def test_embedding_starts_at_unit_variance():
    assert abs(TokenEmbedding(200, 100)(torch.arange(200)[None]).std() - 1) < 0.02


@pytest.mark.parametrize("tie", [False, True], ids=["own", "tied"])
def test_output_is_affine(tie):
    embedding = TokenEmbedding(V, D)
    output, hidden = TokenOutput(V, D, tied=embedding if tie else None), leaf(B, L, D)
    random_parameters(output)
    assert (output.weight is embedding.table) == tie
    assert_close(output(hidden), hidden @ output.weight.T + output.bias)


def test_tied_output_must_fit():
    with pytest.raises(ValueError, match=r"shape \(7, 6\); got \(7, 5\)"):
        TokenOutput(V, 6, tied=TokenEmbedding(V, D))
