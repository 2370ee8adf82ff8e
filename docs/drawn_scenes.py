"""Draw the scenes of the pictures of the label page: circles and squares, the first of them labelled in COCO's format.

python docs/drawn_scenes.py FOLDER [--count 40] [--labelled 24]
"""

import argparse
import json
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SIZE = (640, 480)
CLASSES = ("circle", "square")
COLOURS = ("#c8553d", "#e9a23b", "#588157", "#3d6fb6", "#7a4f9a", "#2a9d8f")
Shape = tuple[str, tuple[int, int, int, int]]  # class, left, top, width and height


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw scenes of circles and squares.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--labelled", type=int, default=24)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True)
    scenes = [draw_scene(asked.folder / f"{number:02}.png", number) for number in range(1, asked.count + 1)]
    document = coco_of(scenes[: asked.labelled])
    (asked.folder / "annotations.json").write_text(json.dumps(document))


def draw_scene(file: Path, seed: int) -> list[Shape]:
    """An image with four to eight shapes on a table that is lit from one side, and the shapes."""
    chance = random.Random(seed)
    wide = (
        Image.linear_gradient("L")
        .resize((1024, 1024))
        .rotate(chance.randrange(360), Image.Resampling.BILINEAR)
    )
    light = wide.crop((192, 272, 192 + SIZE[0], 272 + SIZE[1]))
    image = Image.composite(Image.new("RGB", SIZE, "#efe7d8"), Image.new("RGB", SIZE, "#b9ae9a"), light)
    found: list[Shape] = []
    for _ in range(chance.randint(4, 8)):
        side = chance.randint(46, 110)
        x, y = chance.randint(8, SIZE[0] - side - 8), chance.randint(8, SIZE[1] - side - 8)
        apart = all(
            x > a + w + 6 or a > x + side + 6 or y > b + h + 6 or b > y + side + 6
            for _, (a, b, w, h) in found
        )
        if apart:
            found.append((chance.choice(CLASSES), (x, y, side, side)))
    draw = ImageDraw.Draw(image)
    for name, (x, y, w, h) in found:
        shape = draw.ellipse if name == "circle" else draw.rectangle
        shape((x, y, x + w - 1, y + h - 1), fill=chance.choice(COLOURS))
    image.filter(ImageFilter.GaussianBlur(0.8)).save(file)
    return found


def coco_of(scenes: list[list[Shape]]) -> dict:
    """The shapes of the first scenes."""
    images = [
        {"id": n, "file_name": f"{n:02}.png", "width": SIZE[0], "height": SIZE[1]}
        for n in range(1, len(scenes) + 1)
    ]
    objects = [(image["id"], *shape) for image, scene in zip(images, scenes, strict=True) for shape in scene]
    annotations = [
        {
            "id": n,
            "image_id": image,
            "category_id": CLASSES.index(name) + 1,
            "bbox": box,
            "area": box[2] * box[3],
        }
        for n, (image, name, box) in enumerate(objects, start=1)
    ]
    categories = [{"id": n, "name": name} for n, name in enumerate(CLASSES, start=1)]
    return {"images": images, "annotations": annotations, "categories": categories}


if __name__ == "__main__":
    main()
