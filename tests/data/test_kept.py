"""What was read is not read again while there is room, and never changes what comes out."""

import torch

from jumok.data.cache.kept import Kept


def reader(tensors, read):
    def ask(kept, number):
        return kept.get(number, lambda: (read.append(number), tensors[number])[1])

    return ask


def test_first_ones_are_kept_and_the_others_read_anew():
    tensors = [torch.full((count,), float(count)) for count in (2, 3, 5)]  # 8, 12 and 20 bytes
    read: list[int] = []
    ask, kept = reader(tensors, read), Kept(28)
    for _ in range(2):
        assert all(torch.equal(ask(kept, number), tensor) for number, tensor in enumerate(tensors))
    assert read == [0, 1, 2, 2]


def test_what_is_too_large_leaves_room_for_smaller_ones():
    tensors, read = [torch.zeros(100), torch.zeros(1)], []
    ask, kept = reader(tensors, read), Kept(4)
    for number in (0, 1, 0, 1):
        ask(kept, number)
    assert read == [0, 1, 0]
