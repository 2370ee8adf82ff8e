"""How a program runs an exported ONNX model without jumok: lines of Python for the README, by what it reads and writes.

A text or an image is read from the command line. Other inputs are those of a few examples, in a file of numpy.
"""

from collections.abc import Callable, Mapping
from typing import Any

from jumok.data.text.specials import BANNED, BOS, EOS
from jumok.exporting.text_example import decode_expression, encode_expression, tokenizer_lines
from jumok.kinds.contract import InputField, OutputField
from jumok.predictor.exported import INPUTS_FILE
from jumok.predictor.predictor import Predictor

Programs = Mapping[str, Any]
SIGMOID = "sigmoid = lambda x: 1 / (1 + np.exp(-x))"
OVERLAP = 0.6  # of two boxes of one class, above which the weaker one is dropped


def packages_of(predictor: Predictor) -> tuple[str, ...]:
    """The packages that the program imports."""
    kinds = {field.kind for field in predictor.fields.all.values()}
    extra = {"text": "tokenizers", "image": "pillow"}
    return ("onnxruntime", "numpy", *(package for kind, package in extra.items() if kind in kinds))


def example_lines(predictor: Predictor, programs: Programs) -> list[str]:
    """The program: it answers the first argument of the command line, or the examples beside it."""
    texts = [field.name for field in predictor.fields.all.values() if field.kind == "text"]
    lines = ["import sys", "import numpy as np", "import onnxruntime"]
    lines += tokenizer_lines(*texts) if texts else []
    lines += [f"model = onnxruntime.InferenceSession({programs['encode']['file']!r})"]
    lines += input_lines(predictor, programs)
    lines += [
        "names = [one.name for one in model.get_outputs()]",
        "feed = {one.name: given[one.name] for one in model.get_inputs()}",
        "found = dict(zip(names, model.run(None, feed)))",
    ]
    for field in predictor.outputs.values():
        lines += OUTPUT_LINES.get(field.kind, print_shapes)(field, programs, predictor)
    return lines


def input_lines(predictor: Predictor, programs: Programs) -> list[str]:
    """The lines that make `given`, the inputs by name."""
    (field, *others) = predictor.inputs.values()
    if others or field.kind not in INPUT_LINES:
        return [f"given = dict(np.load({INPUTS_FILE!r}))  # the inputs of a few examples"]
    return INPUT_LINES[field.kind](field, programs)


def text_input_lines(field: InputField, programs: Programs) -> list[str]:
    """A text of the command line as tokens."""
    name = field.name
    return [
        f"ids = np.array([{encode_expression(field.codec, name, 'sys.argv[1]')} + [{EOS}]])",
        f"given = {{'{name}.values': ids, '{name}.valid': np.ones(ids.shape, bool)}}",
    ]


def image_input_lines(field: InputField, programs: Programs) -> list[str]:
    """An image of the command line as pixels."""
    name, codec = field.name, field.codec
    about: Any = codec
    side, multiple = about.about.options.size, programs["pad"][f"{name}.pixels"]["2"]
    return [
        "from PIL import Image, ImageOps",
        "image = ImageOps.exif_transpose(Image.open(sys.argv[1])).convert('RGB')",
        f"scale = {side} / max(image.size)",
        f"x, y = (min({side}, max(1, round(n * scale))) for n in image.size)",
        f"pixels = np.zeros((1, 3, y + -y % {multiple}, x + -x % {multiple}), np.uint8)",
        "pixels[0, :, :y, :x] = np.asarray(image.resize((x, y), Image.Resampling.BILINEAR)).transpose(2, 0, 1)",
        f"given = {{'{name}.pixels': pixels, '{name}.valid_size': np.array([[y, x]]), "
        f"'{name}.original': np.array([image.size[::-1]])}}",
    ]


def text_output_lines(field: OutputField, programs: Programs, predictor: Predictor) -> list[str]:
    """A small beam search, which calls the step of the decoder."""
    name, step = field.name, programs["steps"][field.name]
    started = programs["encode"]["outputs"][name]["tensors"]
    limit = min(predictor.max_tokens, step["max_tokens"])
    decoding = predictor.decoding
    beam = 1 if decoding.method == "greedy" else decoding.beam
    return [
        f"step = onnxruntime.InferenceSession({step['file']!r})",
        f"state = {{path: found[key] for path, key in {dict(started)!r}.items()}}",
        f"axes, changed = {dict(step['state'])!r}, {list(step['changed'])!r}",
        "inputs = [one.name for one in step.get_inputs()]",
        f"live, ended = [(0.0, [{BOS}])], []",
        "state = {path: value.take([0], axes[path]) for path, value in state.items()}  # of the first example",
        f"for length in range(1, {limit} + 1):",
        "    feed = {'token': np.array([tokens_[-1] for _, tokens_ in live]), **state}",
        "    logits, *after = step.run(None, {key: feed[key] for key in inputs})",
        f"    logits[:, {list(BANNED)!r}] = -np.inf",
        "    gains = logits - np.log(np.exp(logits - logits.max(1, keepdims=True)).sum(1, keepdims=True))",
        "    gains -= logits.max(1, keepdims=True)",
        "    total = np.array([one[0] for one in live])[:, None] + gains",
        f"    best = np.argsort(-total, axis=None)[:{2 * beam}]",
        "    ranked = [(total.flat[i], i // total.shape[1], int(i % total.shape[1])) for i in best]",
        f"    closing = lambda token: token == {EOS} or length == {limit}",
        f"    ended += [(s / length ** {decoding.length_penalty}, live[row][1][1:] + [token])",
        f"              for s, row, token in ranked[:{beam}] if closing(token)]",
        f"    going = [one for one in ranked if one[2] != {EOS}][:{beam}]",
        f"    done = sorted((one[0] for one in ended), reverse=True)[:{beam}]",
        f"    if length == {limit} or (len(done) == {beam} and going[0][0] / length ** {decoding.length_penalty} "
        "<= done[-1]):",
        "        break",
        "    state = dict(zip(changed, after)) | {k: v for k, v in state.items() if k not in changed}",
        "    rows = [row for _, row, _ in going]",
        "    state = {path: value.take(rows, axes[path]) for path, value in state.items()}",
        "    live = [(s, live[row][1] + [token]) for s, row, token in going]",
        "answer = max(ended, key=lambda one: one[0])[1]",
        f"print({decode_expression(field.codec, name, 'answer')})",
    ]


def label_output_lines(field: OutputField, programs: Programs, predictor: Predictor) -> list[str]:
    """The class with the highest logit; all logits where classes are ordered or not exclusive."""
    about: Any = field.head
    if about.about.options.several or about.about.options.ordered:
        return print_shapes(field, programs, predictor)
    return [
        f"names = {list(about.about.names)!r}",
        f"print(*(names[i] for i in found[{field.name!r}].argmax(1)), sep='\\n')",
    ]


def values_output_lines(field: OutputField, programs: Programs, predictor: Predictor) -> list[str]:
    """The first number of each value, in its own units."""
    head: Any = field.head
    state, count = head.about.state, len(head.about.names)
    return [
        f"numbers = found[{field.name!r}].reshape(len(found[{field.name!r}]), {count}, -1)[:, :, 0]",
        f"print(*(numbers * {list(state.scale)!r} + {list(state.center)!r}), sep='\\n')",
    ]


def mask_output_lines(field: OutputField, programs: Programs, predictor: Predictor) -> list[str]:
    """The classes of the pixels of the scaled image, and how much of it each covers."""
    head: Any = field.head
    name, image = field.name, head.about.image
    return [
        f"height, width = given['{image}.valid_size'][0]",
        f"classes = found[{name!r}][0, :, :height, :width].argmax(0)  # of the first image, as it was scaled",
        f"names = {list(head.about.names)!r}",
        "print({names[i]: round(float((classes == i).mean()), 3) for i in np.unique(classes)})",
    ]


def boxes_output_lines(field: OutputField, programs: Programs, predictor: Predictor) -> list[str]:
    """The boxes of the first image, thinned by non-maximum suppression where they come from cells."""
    head: Any = field.head
    name, image = field.name, head.about.image
    dense = programs["encode"]["outputs"][name]["type"] == "DenseBoxes"
    scores = (
        f"sigmoid(found['{name}.logits'][0]) * sigmoid(found['{name}.quality'][0])[:, None]"
        if dense
        else f"sigmoid(found['{name}.logits'][-1, 0]) * found['{name}.valid'][0][:, None]"
    )
    boxes = f"found['{name}.boxes'][0]" if dense else f"found['{name}.boxes'][-1, 0]"
    threshold = head.about.showing.threshold
    return [
        SIGMOID,
        f"scores = {scores}",
        f"(h, w), (Y, X) = given['{image}.valid_size'][0], given['{image}.original'][0]",
        f"boxes = np.clip({boxes}, 0, [w, h, w, h])",
        f"names = {list(head.about.names)!r}",
        "kept = []",
        f"for i in [i for i in np.argsort(-scores, axis=None) if scores.flat[i] >= {threshold}]:",
        "    (x1, y1, x2, y2), label = boxes[i // scores.shape[1]], i % scores.shape[1]",
        "    for (a1, b1, a2, b2), other in kept:",
        "        both = max(0, min(x2, a2) - max(x1, a1)) * max(0, min(y2, b2) - max(y1, b1))",
        "        union = (x2 - x1) * (y2 - y1) + (a2 - a1) * (b2 - b1) - both",
        f"        if {'other == label and ' if dense else 'union <= 0 and '}both > {OVERLAP} * union:",
        "            break",
        "    else:",
        "        kept.append(((x1, y1, x2, y2), label))",
        "        print(names[label], round(float(scores.flat[i]), 3),",
        "              [round(float(v), 1) for v in (x1 * X / w, y1 * Y / h, x2 * X / w, y2 * Y / h)])",
    ]


def print_shapes(field: OutputField, programs: Programs, predictor: Predictor) -> list[str]:
    """The numbers as they are."""
    tensors = programs["encode"]["outputs"][field.name]["tensors"]
    return [f"print({key!r}, found[{key!r}].shape, found[{key!r}][0])" for key in tensors.values()]


INPUT_LINES: dict[str, Callable[[InputField, Programs], list[str]]] = {
    "text": text_input_lines,
    "image": image_input_lines,
}
OUTPUT_LINES: dict[str, Callable[[OutputField, Programs, Predictor], list[str]]] = {
    "text": text_output_lines,
    "label": label_output_lines,
    "values": values_output_lines,
    "mask": mask_output_lines,
    "boxes": boxes_output_lines,
}
