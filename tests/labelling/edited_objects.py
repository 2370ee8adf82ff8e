"""Random changes of marked objects, as a page would send them."""

from typing import Any

from hypothesis import strategies as st

FLAGS = ("crowd", "difficult", "truncated", "occluded")
ACTS = ("keep", "drop", "name", "flag", "move", "outline")


@st.composite
def edits(
    draw: st.DrawFn, objects: list[dict[str, Any]], parts: int, acts: tuple[str, ...] = ACTS
) -> list[dict[str, Any]]:
    """Objects some of which are gone, moved, renamed or flagged, with new ones among them."""
    made = []
    for one in objects:
        act = draw(st.sampled_from(acts))
        if act == "drop":
            continue
        if act == "name":
            one = {**one, "class": "dog" if one["class"] == "cat" else "cat"}
        if act == "flag":
            flag = draw(st.sampled_from(FLAGS))
            one = {**one, flag: not one[flag]}
        if act == "move" and not one["fixed"]:
            one = {**one, "polygons": None, "box": draw(boxes())}
        if act == "outline":
            one = {**one, "polygons": draw(outlines(parts)), "fixed": False}
            one.pop("box")
        made.append(one)
    if "move" in acts:
        made += [new_box("cat", *box) for box in draw(st.lists(boxes(), max_size=2))]
    else:
        made += [new_outline("cat", *draw(outlines(parts))) for _ in range(draw(st.integers(0, 2)))]
    return draw(st.permutations(made))


@st.composite
def boxes(draw: st.DrawFn) -> list[float]:
    x, y = draw(st.integers(0, 120)) / 2, draw(st.integers(0, 80)) / 2
    return [x, y, x + draw(st.integers(2, 3)), y + draw(st.integers(2, 7))]


def outlines(parts: int) -> st.SearchStrategy[list[list[float]]]:
    """Up to so many triangles."""
    triangle = boxes().map(lambda box: [box[0], box[1], box[2], box[1], box[2], box[3]])
    return st.lists(triangle, min_size=1, max_size=parts)


def new_box(name: str, *box: float, **more: Any) -> dict[str, Any]:
    return {"id": None, "class": name, "box": list(box), "polygons": None, **more}


def new_outline(name: str, *polygons: list[float]) -> dict[str, Any]:
    return {"id": None, "class": name, "polygons": [list(one) for one in polygons]}
