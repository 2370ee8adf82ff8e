"""Detection beside torchvision's RetinaNet: images a second in training and prediction, the same images for both.

Both have a ResNet-50 with a feature pyramid, random weights, and batches of 8 images of 320 × 320 with 10 objects each.
RetinaNet is run as its documentation has it (float32), and again in bf16 with channels last. jumok is run as `jumok
train` and `jumok predict` run it, with the default dense head, at widths 256 (as RetinaNet) and 96. Every turn
is a process of its own, the systems take turns, and the ratios are those of medians.

    python benchmarks/detection.py
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from jumok.device import has_fast_bf16

SIDE, BATCH, OBJECTS, CLASSES = 320, 8, 10, 3
WARMUP, STEPS, ROUNDS = 2, 5, 3
SYSTEMS = ("retinanet fp32", "retinanet bf16", "jumok fp32 256", "jumok bf16 256", "jumok bf16 96")
JOBS = ("train", "predict")


def pictures() -> Tensor:
    """Images (B, 3, Y, X) uint8."""
    return torch.randint(0, 256, (BATCH, 3, SIDE, SIDE), dtype=torch.uint8)


def objects() -> tuple[Tensor, Tensor]:
    """Boxes (B, N, 4) of 20 to 100 pixels, and their classes (B, N)."""
    corner = torch.rand(BATCH, OBJECTS, 2) * (SIDE - 100)
    size = 20 + torch.rand(BATCH, OBJECTS, 2) * 80
    return torch.cat((corner, corner + size), -1), torch.randint(0, CLASSES, (BATCH, OBJECTS))


def retinanet(job: str, bf16: bool) -> Callable[[], object]:
    """One step of torchvision's model."""
    from torchvision.models.detection import retinanet_resnet50_fpn

    model = retinanet_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=CLASSES, min_size=SIDE, max_size=SIDE
    )
    images, (boxes, labels) = pictures().float() / 255, objects()
    if bf16:
        model = model.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    targets = [{"boxes": b, "labels": n} for b, n in zip(boxes, labels, strict=True)]
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    model.train(job == "train")

    def train() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            losses = model(list(images), targets)
        sum(losses.values()).backward()
        optimizer.step()
        optimizer.zero_grad()

    @torch.inference_mode()
    def predict() -> object:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            return model(list(images))

    return train if job == "train" else predict


def jumok(job: str, bf16: bool, width: int) -> Callable[[], object]:
    """One step of jumok's model."""
    from jumok.encoders.backbone import Backbone
    from jumok.encoders.image import ImageEncoder
    from jumok.heads.dense import DenseBoxHead
    from jumok.losses.dense import dense_loss
    from jumok.machine import tune_process
    from jumok.necks.pyramid import FeaturePyramid
    from jumok.training.optimizer import build_optimizer, clip_gradients
    from jumok.values import BoxTargets, ImageBatch

    tune_process()
    backbone = Backbone("resnet50", (8, 16, 32))
    encoder = ImageEncoder(backbone, FeaturePyramid(backbone.channels, width))
    head = DenseBoxHead(encoder.channels, encoder.strides, CLASSES, width)
    model = torch.nn.ModuleList([encoder, head]).train(job == "train")
    size = torch.full((BATCH, 2), SIDE)
    images, (boxes, labels) = ImageBatch(pictures(), size, size), objects()
    marked = torch.ones_like(labels, dtype=torch.bool)
    targets = BoxTargets(boxes, labels, marked, ~marked)
    optimizer = build_optimizer(model, 1e-3, (0.9, 0.98), 1e-9, 0.01)

    def train() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = dense_loss(head(encoder(images)), targets)
        (loss.total / loss.count).backward()
        clip_gradients(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    @torch.inference_mode()
    def predict() -> object:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            return head.detect(head(encoder(images)))

    return train if job == "train" else predict


def images_a_second(system: str, job: str) -> float:
    """In this process."""
    torch.manual_seed(0)
    name, precision, *width = system.split()
    bf16 = precision == "bf16"
    step = jumok(job, bf16, int(width[0])) if name == "jumok" else retinanet(job, bf16)
    for _ in range(WARMUP):
        step()
    started = time.perf_counter()
    for _ in range(STEPS):
        step()
    return STEPS * BATCH / (time.perf_counter() - started)


def turn(system: str, job: str) -> float:
    """In a process of its own."""
    command = [sys.executable, __file__, "--turn", system, job]
    return float(json.loads(subprocess.check_output(command)))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turn", nargs=2, metavar=("SYSTEM", "JOB"), help="measure one system here")
    chosen = parser.parse_args().turn
    if chosen:
        print(json.dumps(images_a_second(*chosen)))
        return
    systems = [name for name in SYSTEMS if "bf16" not in name or has_fast_bf16(torch.device("cpu"))]
    if len(systems) < len(SYSTEMS):
        print("this processor does not multiply in bf16; only fp32 is measured", file=sys.stderr)
    found: dict[tuple[str, str], list[float]] = {(s, j): [] for j in JOBS for s in systems}
    for _ in range(ROUNDS):
        for (system, job), values in found.items():
            values.append(turn(system, job))
    print(
        f"images a second, {torch.get_num_threads()} threads, batches of {BATCH}, {SIDE} px, torch {torch.__version__}"
    )
    print("| | " + " | ".join(systems) + " |\n|---" + "|---:" * len(systems) + "|")
    for job in JOBS:
        values = {system: statistics.median(found[system, job]) for system in systems}
        print(f"| {job} | " + " | ".join(f"{value:.1f}" for value in values.values()) + " |")
        for base in systems[:2]:
            ratios = " | ".join(f"{value / values[base]:.2f}×" for value in values.values())
            print(f"| {job}, over {base} | {ratios} |")


if __name__ == "__main__":
    main()
