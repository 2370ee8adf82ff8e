"""CTranslate2: the weights of the Hugging Face model, converted."""

from pathlib import Path
from typing import Any

import ctranslate2

from peers.job import Job, names, read_pairs, time_decoding

TYPES = {"fp32": "float32", "bf16": "bfloat16", "int8": "int8"}


def versions(job: Job) -> dict[str, Any]:
    """The version, and which of our precisions this processor has."""
    supported = ctranslate2.get_supported_compute_types("cpu")
    return {
        "ctranslate2": ctranslate2.__version__,
        "precisions": [name for name, kind in TYPES.items() if kind in supported],
    }


def model_of(job: Job) -> Path:
    return job.place / f"ctranslate2-{job.size}"


def convert(job: Job) -> dict[str, Any]:
    """Write the weights of the Hugging Face model of the size.

    The loader of Bart fits, not that of Marian: ours starts from a begin mark, not from a vector of zeros.
    """
    from ctranslate2.converters.transformers import BartLoader

    from peers import huggingface

    model = huggingface.make_model(job)
    model.config.normalize_before = False
    model.config.normalize_embedding = False
    spec = BartLoader()(model, huggingface.make_tokenizer(job))
    spec.validate()
    spec.optimize()
    model_of(job).mkdir(exist_ok=True)
    spec.save(str(model_of(job)))
    return {}


def decode(job: Job) -> dict[str, Any]:
    translator = ctranslate2.Translator(
        str(model_of(job)),
        device="cpu",
        compute_type=TYPES[job.precision],
        inter_threads=1,
        intra_threads=job.threads,
    )
    words = names(job)
    numbers = {word: number for number, word in enumerate(words)}

    def answer(sources: list[list[int]], beam: int) -> list[list[int]]:
        found = translator.translate_batch(
            [[words[number] for number in source] for source in sources],
            beam_size=beam,
            min_decoding_length=job.answer,
            max_decoding_length=job.answer,
        )
        return [[numbers[word] for word in result.hypotheses[0]] for result in found]

    sources, _ = read_pairs(job, "test")
    return time_decoding(job, sources, answer)
