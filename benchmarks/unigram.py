"""Unigram vocabularies of 8,000 pieces from Multi30k: jumok's own training, Hugging Face's and sentencepiece's.

Each is learned twice, the second time in another process; the texts are cut by jumok's tokenizer, but for
"sentencepiece, its own words".

    pip install sentencepiece
    python benchmarks/unigram.py data/multi30k
"""

import gzip
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from sentencepiece import SentencePieceProcessor, SentencePieceTrainer
from tokenizers import Tokenizer, models, trainers

from jumok.data.text.specials import UNK
from jumok.data.text.vocabulary import NAMES, Vocabulary, untrained, without_added_tokens

SIZE = 8000
WAYS = ("jumok", "tokenizers", "sentencepiece, jumok's words", "sentencepiece, its own words")
LANGUAGES = (("de",), ("en",), ("de", "en"))
PARTS = ("train", "val", "test_2016_flickr")
BREAK = "\x1f"  # between words


def texts_of(folder: Path, part: str, languages: Sequence[str]) -> list[str]:
    files = [folder / f"{part}.{language}.gz" for language in languages]
    return [line for file in files for line in gzip.decompress(file.read_bytes()).decode().splitlines()]


def learned_by_tokenizers(texts: Sequence[str]) -> Tokenizer:
    tokenizer = untrained("unigram", models.Unigram())
    trainer = trainers.UnigramTrainer(
        vocab_size=SIZE, special_tokens=NAMES, unk_token=NAMES[UNK], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return without_added_tokens(tokenizer)


def learned_by_sentencepiece(texts: Sequence[str], **options: object) -> SentencePieceProcessor:
    written = BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=written,
        model_type="unigram",
        num_threads=1,
        character_coverage=1.0,
        hard_vocab_limit=False,
        minloglevel=2,
        **options,
    )
    return SentencePieceProcessor(model_proto=written.getvalue())


def of_our_words(texts: Sequence[str]) -> Tokenizer:
    """The pieces that sentencepiece learns of the words that jumok cuts."""
    cutter = untrained("unigram", models.Unigram())
    cut = [cutter.pre_tokenizer.pre_tokenize_str(text) for text in texts]
    words = [BREAK.join(word for word, _ in row if word.strip()) for row in cut]
    found = learned_by_sentencepiece(
        words,
        vocab_size=SIZE - len(NAMES) + 1,  # it has the unknown token, too
        pretokenization_delimiter=BREAK,
        normalization_rule_name="identity",
        bos_id=-1,
        eos_id=-1,
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        split_by_unicode_script=False,
        split_by_number=False,
    )
    pieces = [(found.id_to_piece(i), found.get_score(i)) for i in range(1, len(found))]
    return untrained("unigram", models.Unigram([*((name, 0.0) for name in NAMES), *pieces], unk_id=UNK))


def measure(way: str, folder: Path, languages: Sequence[str]) -> tuple[str, str]:
    """A line of the table, and the digest of the pieces."""
    texts = texts_of(folder, "train", languages)
    began = time.process_time()
    if way == "sentencepiece, its own words":
        model = learned_by_sentencepiece(texts, vocab_size=SIZE)
        pieces, encode = model.serialized_model_proto(), model.encode
    else:
        if way == "jumok":
            tokenizer = Vocabulary.learn(texts, "unigram", SIZE).tokenizer
        else:
            tokenizer = learned_by_tokenizers(texts) if way == "tokenizers" else of_our_words(texts)
        vocabulary = Vocabulary(tokenizer, "unigram")
        pieces, encode = tokenizer.to_str().encode(), vocabulary.encode
    seconds = time.process_time() - began
    counts = [sum(map(len, encode(texts_of(folder, part, languages)))) for part in PARTS]
    line = (
        f"{way:30}{'+'.join(languages):6}" + "".join(f"{count:10,}" for count in counts) + f"{seconds:8.1f}"
    )
    return line, sha256(pieces).hexdigest()


def main() -> None:
    folder = sys.argv[1]
    if len(sys.argv) > 2:
        print(json.dumps(measure(sys.argv[2], Path(folder), sys.argv[3:])))
        return
    print(f"{'':36}" + "".join(f"{part.split('_')[0]:>10}" for part in PARTS) + "   CPU s  two runs")
    for way in WAYS:
        for languages in LANGUAGES:
            command = [sys.executable, __file__, folder, way, *languages]
            runs = [json.loads(subprocess.check_output(command)) for _ in range(2)]
            print(runs[0][0], " equal" if runs[0][1] == runs[1][1] else " differ")


if __name__ == "__main__":
    main()
