"""The special tokens that every vocabulary begins with."""

PAD, UNK, BOS, EOS = 0, 1, 2, 3
SPECIALS = ("<pad>", "<unk>", "<s>", "</s>")  # as they are shown
BANNED = (PAD, UNK, BOS)  # never written by a search
