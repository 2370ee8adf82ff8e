"""Korean words and how they are said: letters (jamo) against whole syllables as tokens of the input.

There is no dictionary of Korean pronunciations among the shared data, so the answers are made by rule: the words of
LibreOffice's Korean help by the main rules of the Standard Pronunciation (closing, linking, ㅎ, nasals, ㄹ,
tense consonants, ㄷ and ㅌ before ㅣ), without the exceptions of single words. A word stands in one part only. Each
training is one process of one thread.

    python benchmarks/korean.py FOLDER --data data [--words 2000] [--set training.steps=800]
"""

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
DOUBLE = dict(
    zip(
        "ㄳㄵㄶㄺㄻㄼㄽㄾㄿㅀㅄ",
        ("ㄱㅅ", "ㄴㅈ", "ㄴㅎ", "ㄹㄱ", "ㄹㅁ", "ㄹㅂ", "ㄹㅅ", "ㄹㅌ", "ㄹㅍ", "ㄹㅎ", "ㅂㅅ"),
        strict=True,
    )
)
CLOSED = {  # what a final consonant is where no vowel follows
    final: said
    for said, finals in {
        "ㄱ": "ㄱㄲㅋㄳㄺ",
        "ㄷ": "ㄷㅅㅆㅈㅊㅌㅎ",
        "ㅂ": "ㅂㅍㅄㄿ",
        "ㄴ": "ㄵㄶ",
        "ㄹ": "ㄼㄽㄾㅀ",
        "ㅁ": "ㄻ",
    }.items()
    for final in finals
}
TENSE = dict(zip("ㄱㄷㅂㅅㅈ", "ㄲㄸㅃㅆㅉ", strict=True))
ASPIRATED = dict(zip("ㄱㄷㅂㅈ", "ㅋㅌㅍㅊ", strict=True))
NASAL = {"ㄱ": "ㅇ", "ㄷ": "ㄴ", "ㅂ": "ㅁ"}
PARTS = {"valid": 500, "test": 1000}
SEED = 1

EXPERIMENT = """\
inputs: {{word: {{kind: text, tokens: {{kind: {tokens}}}}}}}
outputs: {{phones: {{kind: text, tokens: {{kind: spaces}}}}}}
data:
  train: {{table: train.tsv}}
  valid: {{table: valid.tsv}}
  test: {{table: test.tsv}}
model: {{width: 128}}
training: {{steps: 800, batch_tokens: 2048}}
decoding: {{method: greedy}}
"""


def pronounce(word: str) -> str:
    """The letters that are said, with blanks between them; initial ㅇ is no sound, final ㅇ is written ŋ."""
    syllables = [list(letters(syllable)) for syllable in word]
    for left, right in zip(syllables, syllables[1:], strict=False):
        meet(left, right)
    syllables[-1][2] = CLOSED.get(syllables[-1][2], syllables[-1][2])
    said = []
    for initial, vowel, final in syllables:
        said += [initial] if initial != "ㅇ" else []
        said += [vowel, *(["ŋ"] if final == "ㅇ" else [final] if final else [])]
    return " ".join(said)


def letters(syllable: str) -> tuple[str, str, str]:
    """Initial, vowel and final of a syllable."""
    index = ord(syllable) - ord("가")
    return INITIALS[index // 588], VOWELS[index // 28 % 21], FINALS[index % 28]


def meet(left: list[str], right: list[str]) -> None:
    """Change a final consonant and the initial after it, in place, as they are said together."""
    final, initial, vowel = left[2], right[0], right[1]
    if not final:
        return
    kept, last = DOUBLE.get(final, ("", final))
    if initial == "ㅇ" and final != "ㅇ":
        link(left, right, kept, last, vowel)
        return
    if last == "ㅎ" and initial in ASPIRATED:
        left[2], right[0] = kept, ASPIRATED[initial]
    elif last == "ㅎ" and initial == "ㅅ":
        left[2], right[0] = kept, "ㅆ"
    elif initial == "ㅎ" and (closed := "ㅈ" if last == "ㅈ" else CLOSED.get(last, last)) in ASPIRATED:
        left[2], right[0] = kept, ASPIRATED[closed]
    else:
        left[2] = CLOSED.get(final, final)
        if left[2] in NASAL or final in ("ㄵ", "ㄼ", "ㄾ"):
            right[0] = TENSE.get(initial, initial)
    assimilate(left, right)


def link(left: list[str], right: list[str], kept: str, last: str, vowel: str) -> None:
    """A final consonant before a vowel is said as its initial; ㅎ is not said; ㄷ and ㅌ soften before ㅣ."""
    if last == "ㅎ":
        left[2], right[0] = "", kept or "ㅇ"
        return
    softened = {"ㄷ": "ㅈ", "ㅌ": "ㅊ"}.get(last, last) if vowel == "ㅣ" else last
    left[2], right[0] = kept, "ㅆ" if kept and softened == "ㅅ" else softened


def assimilate(left: list[str], right: list[str]) -> None:
    """Stops before nasals are nasals; ㄹ after them is ㄴ; ㄴ beside ㄹ is ㄹ."""
    if right[0] == "ㄹ" and left[2] in ("ㅁ", "ㅇ", *NASAL):
        right[0] = "ㄴ"
    if right[0] in "ㄴㅁ":
        left[2] = NASAL.get(left[2], left[2])
    if (left[2], right[0]) in (("ㄴ", "ㄹ"), ("ㄹ", "ㄴ")):
        left[2] = right[0] = "ㄹ"


def write(folder: Path, data: Path, count: int | None) -> None:
    """Write the words of the three parts with their pronunciations, and an experiment for each kind of tokens."""
    with gzip.open(data / "libreoffice-ko-en" / "train.tsv.gz", "rt", encoding="utf-8") as file:
        text = file.read()
    words = sorted({word for word in re.findall("[가-힣]+", text) if 2 <= len(word) <= 8})
    order = np.random.default_rng(SEED).permutation(len(words)).tolist()
    begin = 0
    folder.mkdir(parents=True, exist_ok=True)
    for part, size in (*PARTS.items(), ("train", count or len(words))):
        rows = [words[i] for i in order[begin : begin + size]]
        begin += size
        lines = "".join(f"{word}\t{pronounce(word)}\n" for word in rows)
        (folder / f"{part}.tsv").write_text("word\tphones\n" + lines, encoding="utf-8")
        print(f"{part}: {len(rows):,} words")
    for tokens in ("characters", "jamo"):
        (folder / f"{tokens}.yaml").write_text(EXPERIMENT.format(tokens=tokens), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="The folder of shared data.")
    parser.add_argument("--words", type=int, help="Words to train on; all by default.")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    write(arguments.folder, arguments.data, arguments.words)
    for tokens in ("characters", "jamo"):
        run = arguments.folder / f"run-{tokens}"
        command = [
            sys.executable,
            "-m",
            "jumok",
            "train",
            str(arguments.folder / f"{tokens}.yaml"),
            "--quiet",
        ]
        command += [
            "--run",
            str(run),
            "--set",
            "training.precision=fp32",
            "--set",
            "training.baselines=false",
        ]
        for setting in arguments.settings:
            command += ["--set", setting]
        subprocess.run(
            command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL
        )
        metrics = json.loads((run / "evaluation.json").read_text())["metrics"]
        wrong, phones = 1 - metrics["exact_match"]["value"], metrics["token_error_rate"]["value"]
        print(f"{tokens}: WER {100 * wrong:.1f} %, PER {100 * phones:.1f} %", flush=True)


if __name__ == "__main__":
    main()
