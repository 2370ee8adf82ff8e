"""Hugging Face Transformers: `MarianMTModel` with `Seq2SeqTrainer`, and its `generate`."""

from typing import Any

import accelerate
import torch
import transformers
from tokenizers import Tokenizer, models
from transformers import (
    DataCollatorForSeq2Seq,
    MarianConfig,
    MarianMTModel,
    PreTrainedTokenizerFast,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    TrainerCallback,
)

from peers.job import (
    BATCH_TOKENS,
    BOS,
    DROPOUT,
    EOS,
    PAD,
    SMOOTHING,
    Job,
    Meter,
    names,
    read_pairs,
    time_decoding,
)

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def versions(job: Job) -> dict[str, Any]:
    return {
        "transformers": transformers.__version__,
        "accelerate": accelerate.__version__,
        "torch": torch.__version__,
    }


def make_model(job: Job) -> MarianMTModel:
    """A Marian model of the size, with the same random weights each time."""
    shape, vocabulary = job.shape, len(names(job))
    torch.manual_seed(1)
    config = MarianConfig(
        vocab_size=vocabulary,
        d_model=shape.width,
        encoder_layers=shape.layers,
        decoder_layers=shape.layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=shape.feedforward,
        decoder_ffn_dim=shape.feedforward,
        activation_function="relu",
        dropout=DROPOUT,
        activation_dropout=DROPOUT,
        scale_embedding=True,
        max_position_embeddings=512,
        pad_token_id=PAD,
        bos_token_id=BOS,
        eos_token_id=EOS,
        decoder_start_token_id=BOS,
        forced_eos_token_id=None,
    )
    return MarianMTModel(config)


def make_tokenizer(job: Job) -> PreTrainedTokenizerFast:
    """A tokenizer that knows the token numbers; needed for padding."""
    numbered = {name: number for number, name in enumerate(names(job))}
    tokenizer = Tokenizer(models.WordLevel(numbered, unk_token="<unk>"))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<blank>",
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
    )


class CountingCollator(DataCollatorForSeq2Seq):
    """Keeps the number of target tokens of each batch."""

    def __call__(self, features: Any, return_tensors: Any = None) -> Any:
        counts = self.__dict__.setdefault("counts", [])
        counts.append(sum(len(feature["labels"]) for feature in features))
        return super().__call__(features, return_tensors)


class Clock(TrainerCallback):
    """Tells the meter of each step."""

    def __init__(self, meter: Meter, collator: CountingCollator) -> None:
        self.meter, self.collator = meter, collator

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.meter.step(self.collator.__dict__["counts"][state.global_step - 1])


def arguments(job: Job, rows: int) -> Seq2SeqTrainingArguments:
    return Seq2SeqTrainingArguments(
        output_dir=str(job.place / "huggingface-run"),
        max_steps=job.warmup + job.steps,
        per_device_train_batch_size=rows,
        train_sampling_strategy="group_by_length",
        label_smoothing_factor=SMOOTHING,
        optim="adamw_torch_fused",
        learning_rate=1e-3,
        bf16=job.precision == "bf16",
        use_cpu=True,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=1,
    )


def train(job: Job) -> dict[str, Any]:
    sources, targets = read_pairs(job, "train")
    examples = [{"input_ids": s, "labels": t} for s, t in zip(sources, targets, strict=True)]
    rows = round(BATCH_TOKENS * len(targets) / sum(map(len, targets)))  # for as many tokens on average
    model = make_model(job)
    collator = CountingCollator(make_tokenizer(job), model=model)
    meter = Meter(job)
    trainer = Seq2SeqTrainer(
        model=model,
        args=arguments(job, rows),
        train_dataset=examples,  # type: ignore[arg-type]
        data_collator=collator,
        callbacks=[Clock(meter, collator)],
    )
    trainer.train()
    return meter.result(job.precision, model.num_parameters(only_trainable=True))


def decode(job: Job) -> dict[str, Any]:
    model = make_model(job).to(DTYPES[job.precision]).eval()
    tokenizer = make_tokenizer(job)

    @torch.inference_mode()
    def answer(sources: list[list[int]], beam: int) -> list[list[int]]:
        batch = tokenizer.pad({"input_ids": sources}, return_tensors="pt")
        found = model.generate(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            num_beams=beam,
            do_sample=False,
            min_new_tokens=job.answer,
            max_new_tokens=job.answer,
        )
        return found[:, 1:].tolist()  # without the begin mark

    sources, _ = read_pairs(job, "test")
    return time_decoding(job, sources, answer)
