"""Drawing on images in the page of labels: every tool leaves exactly the marks that it should."""

import base64
import io
import struct
import zlib

import made_drawing
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

SCENE = [
    {"id": "1", "uid": "big", "class": "disc", "box": [100, 60, 240, 190], "polygons": None, "fixed": False},
    {"id": "2", "uid": "small", "class": "red", "box": [140, 90, 180, 130], "polygons": None, "fixed": False},
]
PROPOSED = [
    {"class": "tile", "box": [110, 140, 150, 180], "score": 0.9},
    {"class": "red", "box": [200, 70, 230, 100], "score": 0.6},
    {"class": "red", "box": [200, 70, 235, 110], "score": 0.1},
]
TRIANGLE = {
    "id": "3",
    "uid": "tri",
    "class": "tile",
    "box": [120, 80, 180, 140],
    "polygons": [[120, 80, 180, 80, 150, 140]],
    "fixed": False,
}
GROUND = [["background", "#8a8a8a"], ["red", "#d1495b"], ["disc", "#00798c"]]
ZOOMS = (1, 3.7)


class Desk:
    """The page with one editor, and a hand that draws in pixels of the image."""

    def __init__(self, page, address):
        self.page, self.address = page, address

    def mount(self, zoom=None, **options):
        self.page.evaluate("(options) => mount(options)", options)
        if zoom:
            self.page.evaluate(
                "(zoom) => new Promise((done) => { editor.stage.zoomTo(zoom); requestAnimationFrame(done); })",
                zoom,
            )

    def mask(self, values=None, proposal=None, classes=GROUND, zoom=None, **options):
        proposals = None if proposal is None else {"marks": {"mask": png(proposal)}}
        marks = {"mask": None if values is None else png(values)}
        self.mount(
            zoom,
            kind="mask",
            marks=marks,
            proposals=proposals,
            classes=classes,
            **{"className": "red"} | options,
        )

    def at(self, x, y):
        place = """([x, y]) => {
          editor.stage.updateOrigin();
          const [px, py] = editor.stage.toScreen(x, y);
          return [editor.stage.left + px, editor.stage.top + py];
        }"""
        return self.page.evaluate(place, [x, y])

    def drag(self, *points, drop=True):
        first, *rest = [self.at(*point) for point in points]
        self.page.mouse.move(*first)
        self.page.mouse.down()
        for point in rest:
            self.page.mouse.move(*point)
        if drop:
            self.page.mouse.up()

    def click(self, x, y):
        self.page.mouse.click(*self.at(x, y))

    def hover(self, x, y):
        self.page.mouse.move(*self.at(x, y))

    def keys(self, *names):
        for name in names:
            self.page.keyboard.press(name)

    def ask(self, what):
        return self.page.evaluate(what)

    @property
    def objects(self):
        return self.ask("editor.marks()")["objects"]

    @property
    def boxes(self):
        return [(one["class"], one["box"]) for one in self.objects]

    @property
    def selected(self):
        return self.ask("editor.selected")

    @property
    def changes(self):
        return self.ask("host.changes")

    @property
    def said(self):
        return self.ask("host.said.at(-1)")

    @property
    def values(self):
        return pixels(self.ask("editor.marks()")["mask"])


def png(values):
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def pixels(text):
    image = Image.open(io.BytesIO(base64.b64decode(text)))
    assert image.mode == "L"
    return np.asarray(image)


@pytest.fixture(scope="module")
def desk(browser):
    server = made_drawing.serve()
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    page = browser.new_page(viewport={"width": 1100, "height": 760}, locale="en-US")
    faults = []
    page.on(
        "console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else 0
    )
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(address)
    yield Desk(page, address)
    page.close()
    server.shutdown()
    server.server_close()
    assert not faults


# Boxes.


@pytest.mark.parametrize("zoom", ZOOMS)
def test_a_box_is_drawn_from_pixel_to_pixel_also_inside_another(desk, zoom):
    desk.mount(zoom, marks={"objects": SCENE})
    desk.drag((190, 150), (170, 140), (150, 135))
    assert desk.boxes[2:] == [("red", [150, 135, 190, 150])]
    assert desk.changes == 1 and desk.said.startswith("red, 40 × 15. ")
    assert desk.objects[:2] == SCENE


def test_a_box_begun_outside_of_the_image_ends_at_its_border(desk):
    desk.mount()
    desk.drag((-12, -3), (50, 40))
    desk.drag((300, 200), (330, 243))
    assert desk.boxes == [("red", [0, 0, 50, 40]), ("red", [300, 200, 320, 240])]


def test_a_tiny_box_is_not_kept_and_that_is_said(desk):
    desk.mount(zoom=8)
    desk.drag((150, 120), (151, 140))
    assert desk.boxes == [] and desk.changes == 0
    assert desk.said == "Smaller than 2 pixels: not kept."


def test_escape_cancels_what_is_being_drawn_moved_or_resized(desk):
    desk.mount(marks={"objects": SCENE})
    desk.drag((20, 20), (60, 60), drop=False)
    desk.keys("Escape")
    desk.page.mouse.up()
    desk.keys("v")
    desk.drag((160, 110), (60, 60), drop=False)
    desk.keys("Escape")
    desk.page.mouse.up()
    desk.drag((140, 90), (10, 10), drop=False)
    desk.keys("Escape")
    desk.page.mouse.up()
    assert desk.objects == SCENE and desk.changes == 0


@pytest.mark.parametrize("zoom", ZOOMS)
def test_a_box_is_moved_and_stays_inside(desk, zoom):
    desk.mount(zoom, marks={"objects": SCENE})
    desk.keys("v")
    desk.drag((160, 110), (165, 112), (171, 103))
    assert desk.boxes[1] == ("red", [151, 83, 191, 123])
    desk.page.evaluate("editor.fit()")
    desk.drag((171, 103), (-40, 20), (-60, -60))
    assert desk.boxes[1] == ("red", [0, 0, 40, 40])


@pytest.mark.parametrize(
    "handle, to, box",
    [
        ((140, 90), (131, 84), [131, 84, 180, 130]),
        ((160, 90), (170, 99), [140, 99, 180, 130]),
        ((180, 90), (199, 80), [140, 80, 199, 130]),
        ((180, 110), (201, 60), [140, 90, 201, 130]),
        ((180, 130), (190, 141), [140, 90, 190, 141]),
        ((160, 130), (100, 150), [140, 90, 180, 150]),
        ((140, 130), (120, 120), [120, 90, 180, 120]),
        ((140, 110), (205, 110), [180, 90, 205, 130]),
    ],
)
def test_each_of_eight_handles_moves_its_sides(desk, handle, to, box):
    desk.mount(zoom=3.7, marks={"objects": SCENE})
    desk.page.evaluate("editor.select('small')")
    desk.drag(handle, to)
    assert desk.boxes == [("disc", SCENE[0]["box"]), ("red", box)]


def test_a_click_selects_the_smallest_and_clicks_again_go_below(desk):
    desk.mount(marks={"objects": SCENE})
    found = []
    for _ in range(3):
        desk.click(160, 110)
        found.append(desk.selected)
    assert found == ["small", "big", "small"]
    desk.click(20, 20)
    assert desk.selected is None and desk.changes == 0


def test_arrows_move_what_is_selected_and_alt_resizes_it(desk):
    desk.mount(marks={"objects": SCENE})
    assert desk.ask("editor.key(new KeyboardEvent('keydown', { key: 'ArrowLeft' }))") is False  # the shell's
    desk.click(160, 110)
    desk.keys("ArrowRight", "Shift+ArrowDown", "Alt+ArrowRight", "Alt+Shift+ArrowUp")
    assert desk.boxes[1] == ("red", [141, 100, 182, 130])
    desk.keys("Delete")
    assert desk.objects == SCENE[:1]


def test_tab_goes_through_all_in_reading_order_and_then_on(desk):
    objects = [
        {"uid": name, "class": "red", "box": [x, y, x + 20, y + 20]}
        for name, x, y in (("d", 200, 150), ("b", 200, 12), ("a", 10, 10), ("c", 10, 150))
    ]
    desk.mount(marks={"objects": objects})
    desk.page.focus(".draw-stage")
    found = []
    for _ in range(4):
        desk.keys("Tab")
        found.append(desk.selected)
    assert found == ["a", "b", "c", "d"]
    assert desk.said == "red, 20 × 20 at 200, 150; 4 of 4"
    desk.keys("Shift+Tab")
    assert desk.selected == "c"
    assert desk.ask("editor.select('d') || editor.key(new KeyboardEvent('keydown', { key: 'Tab' }))") is False


def test_a_box_is_drawn_by_keys_alone(desk):
    desk.mount()
    desk.page.focus(".draw-stage")
    desk.page.mouse.move(1, 1)
    desk.keys(
        "b",
        "ArrowLeft",
        "Shift+ArrowUp",
        "Enter",
        "Shift+ArrowRight",
        "Shift+ArrowRight",
        "ArrowDown",
        "ArrowDown",
        "ArrowDown",
        "Enter",
    )
    assert desk.boxes == [("red", [159, 110, 179, 113])]
    desk.keys("Enter", "ArrowRight", "Escape")
    assert len(desk.boxes) == 1 and desk.ask("editor.now.corner") is None


def test_letters_work_while_korean_is_typed(desk):
    desk.mount()
    desk.ask("editor.key(new KeyboardEvent('keydown', { key: 'ㅍ', code: 'KeyV' }))")
    assert desk.ask("editor.current") == "select"


def test_a_class_is_chosen_for_the_next_and_changed_for_the_selected(desk):
    desk.mount(marks={"objects": SCENE})
    desk.ask("(host.name = 'tile', editor.setClass('tile'))")
    assert desk.objects == SCENE
    desk.drag((10, 10), (50, 50))
    desk.click(160, 110)
    desk.ask("editor.setClass('tile')")
    assert [name for name, _ in desk.boxes] == ["disc", "tile", "tile"]
    assert desk.objects[1] == {**SCENE[1], "class": "tile"}


def test_flags_and_unknown_fields_stay_and_flags_are_switched(desk):
    odd = {**SCENE[1], "crowd": True, "difficult": True, "extra": {"by": "me"}}
    desk.mount(marks={"objects": [SCENE[0], odd]}, format="voc")
    desk.click(160, 110)
    toggles = desk.page.locator(".draw-bar .draw-toggle").all_text_contents()
    assert toggles == ["crowd", "difficult", "truncated", "occluded"]
    desk.page.get_by_role("button", name="truncated", exact=True).click()
    desk.page.get_by_role("button", name="difficult", exact=True).click()
    assert desk.objects == [SCENE[0], {**odd, "truncated": True, "difficult": False}]


def test_copies_go_to_another_image_and_beside_their_originals(desk):
    desk.mount(marks={"objects": SCENE})
    desk.click(160, 110)
    desk.keys("Control+c", "Control+v")
    assert desk.boxes[2:] == [("red", [150, 100, 190, 140])]
    assert len({one["uid"] for one in desk.objects}) == 3 and desk.objects[2]["id"] is None
    desk.mount(size=[170, 240])
    desk.keys("Control+v")
    assert desk.boxes == [("red", [140, 90, 170, 130])]
    desk.mount(size=[130, 240])
    desk.keys("Control+v")
    assert desk.boxes == [] and desk.said == "0 pasted. 1 would lie outside of this image."


def test_all_of_the_previous_image_are_copied_but_not_twice(desk):
    desk.mount(marks={"objects": [SCENE[0]]})
    desk.page.evaluate("(marks) => editor.copyFrom(marks)", {"objects": SCENE})
    assert desk.boxes == [(one["class"], one["box"]) for one in SCENE]
    assert desk.objects[1]["id"] is None and desk.objects[1]["uid"] != "small" and desk.changes == 1


def test_hidden_marks_cannot_be_hit(desk):
    desk.mount(marks={"objects": SCENE})
    desk.ask("editor.show({ hidden: ['red'] })")
    desk.click(160, 110)
    assert desk.selected == "big"
    desk.ask("editor.show({ marks: false })")
    desk.click(160, 110)
    assert desk.selected is None and len(desk.objects) == 2
    desk.drag((10, 10), (30, 30))  # who draws sees again
    desk.click(200, 170)
    assert desk.selected == "big"


def test_every_state_can_be_brought_back(desk):
    desk.mount(marks={"objects": SCENE}, proposals={"marks": {"objects": PROPOSED[:2]}})
    desk.ask("window.seen = [editor.marks()]")
    note = "seen.push(editor.marks())"
    desk.drag((10, 10), (50, 50))
    desk.ask(note)
    desk.keys("ArrowRight")
    desk.ask(note)
    desk.keys("Delete", "Shift+Enter")
    desk.ask("host.states.splice(3, 1) && " + note)
    assert desk.ask("host.states.length") == 4
    same = """host.states.every((state, i) => {
      editor.restore(state);
      return JSON.stringify(editor.marks()) === JSON.stringify(seen[i]);
    })"""
    assert desk.ask(same)
    desk.ask("editor.restore(host.states[0])")
    assert desk.objects == SCENE and len(desk.ask("editor.list()")) == 4


# Proposals.


def proposed(desk, **more):
    more.setdefault("view", {"least": 0.3})
    desk.mount(marks={"objects": SCENE}, proposals={"marks": {"objects": PROPOSED}, "unsure": 0.3}, **more)


def test_enter_accepts_the_most_certain_under_the_pointer(desk):
    proposed(desk)
    desk.hover(215, 85)
    desk.keys("Enter")
    assert desk.boxes[2:] == [("red", [200, 70, 230, 100])] and desk.changes == 1
    assert "score" not in desk.objects[2] and desk.objects[2]["id"] is None


def test_proposals_are_accepted_and_rejected_by_keys_alone(desk):
    proposed(desk)
    desk.page.mouse.move(1, 1)
    desk.keys("Enter")
    assert desk.said.startswith("Proposed: tile, score 0.90") and desk.changes == 0
    desk.keys("Enter")
    assert desk.boxes[2:] == [("tile", [110, 140, 150, 180])] and desk.said == "1 accepted, 1 left."
    desk.keys("Delete")
    assert desk.said == "1 rejected, 0 left." and len(desk.objects) == 3


def test_shift_and_enter_accepts_all_above_the_threshold(desk):
    proposed(desk)
    desk.keys("Shift+Enter")
    assert desk.boxes[2:] == [("tile", [110, 140, 150, 180]), ("red", [200, 70, 230, 100])]
    proposed(desk, view={"least": 0.05})
    desk.keys("Shift+Enter")
    assert len(desk.boxes) == 5


def test_the_least_score_begins_where_the_model_proposes(desk):
    for threshold, count in ((0.05, 3), (0.6, 2), (0.655, 1)):
        proposed(desk, view={}, model={"name": "a", "threshold": threshold})
        slider = desk.page.locator(".draw-option input[type=range]")
        lowest = str(int(100 * threshold) / 100)
        assert (slider.get_attribute("min"), slider.input_value()) == (lowest, lowest)
        assert len(desk.ask("editor.visibleProposals()")) == count


def test_dragging_a_proposal_corrects_and_accepts_it(desk):
    proposed(desk)
    desk.keys("v")
    desk.drag((130, 160), (135, 165))
    assert desk.boxes[2:] == [("tile", [115, 145, 155, 185])]
    desk.click(215, 85)
    desk.drag((230, 100), (240, 120))
    assert desk.boxes[3:] == [("red", [200, 70, 240, 120])]
    desk.ask("editor.restore(host.states[0])")
    assert desk.objects == SCENE


def test_delete_rejects_what_is_under_the_pointer_one_after_the_other(desk):
    proposed(desk)
    for place in ((130, 160), (215, 85)):
        desk.hover(*place)
        desk.keys("Delete")
    assert desk.ask("editor.visibleProposals()") == [] and desk.objects == SCENE and desk.changes == 2


def test_what_is_drawn_over_a_proposal_of_its_class_takes_its_place(desk):
    proposed(desk)
    desk.drag((108, 138), (160, 180))  # a red one over a tile
    assert len(desk.ask("editor.visibleProposals()")) == 2
    desk.keys("Escape")
    desk.drag((204, 66), (235, 105))
    assert [one["class"] for one in desk.ask("editor.visibleProposals()")] == ["tile"]
    desk.ask("editor.restore(host.states[1])")
    assert len(desk.ask("editor.visibleProposals()")) == 2


def test_a_proposal_that_says_what_is_marked_already_is_not_shown(desk):
    again = [{"class": "red", "box": [141, 91, 180, 130], "score": 0.8}]
    desk.mount(marks={"objects": SCENE}, proposals={"marks": {"objects": again}})
    assert [row["proposal"] for row in desk.ask("editor.list()")] == [False, False]


# Outlines.


@pytest.mark.parametrize("zoom", ZOOMS)
def test_an_outline_is_clicked_and_closed(desk, zoom):
    desk.mount(zoom, outlines=True)
    desk.keys("g")
    for place in ((120, 80), (180, 90), (200, 99), (150, 150)):
        desk.click(*place)
    desk.keys("Backspace")
    desk.click(150, 140)
    desk.keys("Enter")
    [one] = desk.objects
    assert one["polygons"] == [[120, 80, 180, 90, 200, 99, 150, 140]] and one["box"] == [120, 80, 200, 140]
    for place in ((100, 100), (110, 100), (110, 110), (100, 100)):
        desk.click(*place)
    assert desk.objects[1]["polygons"] == [[100, 100, 110, 100, 110, 110]] and desk.changes == 2


def test_escape_drops_an_outline_that_is_not_closed(desk):
    desk.mount(outlines=True)
    desk.keys("g")
    for place in ((120, 80), (180, 90), (200, 99)):
        desk.click(*place)
    desk.keys("Escape")
    assert desk.objects == [] and not desk.ask("editor.busy()")


def test_corners_are_moved_put_in_and_taken_out_and_the_box_follows(desk):
    desk.mount(3.7, outlines=True, marks={"objects": [TRIANGLE]}, view={"tool": "select"})
    desk.click(150, 100)
    desk.drag((180, 80), (190, 85))
    bent = [[120, 80, 190, 85, 150, 140]]
    assert desk.objects[0]["polygons"] == bent and desk.objects[0]["box"] == [120, 80, 190, 140]
    desk.drag((135, 110), (110, 112))
    assert desk.objects[0]["polygons"] == [[*bent[0], 110, 112]]
    assert desk.objects[0]["box"] == [110, 80, 190, 140]
    desk.keys("Delete")
    assert desk.objects[0]["polygons"] == bent and desk.objects[0]["box"] == [120, 80, 190, 140]
    desk.drag((150, 100), (160, 95))
    assert desk.objects[0]["polygons"] == [[130, 75, 200, 80, 160, 135]]


def test_corners_are_bent_by_keys_alone(desk):
    desk.mount(outlines=True, marks={"objects": [TRIANGLE]})
    desk.page.focus(".draw-stage")
    desk.keys("Tab", ".", ".", "ArrowRight", "i", "ArrowUp")
    assert desk.objects[0]["polygons"] == [[120, 80, 181, 80, 165.5, 109, 150, 140]]


def test_a_part_is_added_to_the_selected_outline(desk):
    desk.mount(outlines=True, marks={"objects": [TRIANGLE]})
    desk.click(150, 100)
    desk.page.get_by_role("button", name="Add parts").click()
    desk.keys("g")
    for place in ((200, 100), (220, 100), (220, 130)):
        desk.click(*place)
    desk.keys("Enter")
    [one] = desk.objects
    assert one["polygons"] == [TRIANGLE["polygons"][0], [200, 100, 220, 100, 220, 130]] and one["box"] == [
        120,
        80,
        220,
        140,
    ]


def test_a_fixed_outline_keeps_its_shape_but_not_its_class(desk):
    fixed = {**TRIANGLE, "fixed": True}
    desk.mount(outlines=True, marks={"objects": [fixed]}, view={"tool": "select"})
    desk.drag((150, 100), (170, 120))
    assert desk.said.startswith("This outline can't be changed here")
    desk.keys("ArrowRight")
    desk.ask("editor.setClass('disc')")
    assert desk.objects == [{**fixed, "class": "disc"}]


# Masks.


def covered(shape, points, size):
    """True where a round brush was, by the definition: pixels whose centre is at most half the size from the path."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    places = [
        (np.floor(u) + 0.5, np.floor(v) + 0.5) if size % 2 else (np.round(u), np.round(v)) for u, v in points
    ]
    found = np.zeros(shape, bool)
    for (ax, ay), (bx, by) in zip(places, places[1:] or places, strict=False):
        long = (bx - ax) ** 2 + (by - ay) ** 2
        share = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / long, 0, 1) if long else 0
        found |= (x - ax - share * (bx - ax)) ** 2 + (y - ay - share * (by - ay)) ** 2 <= (
            size / 2
        ) ** 2 + 1e-9
    return found


@pytest.mark.parametrize("zoom", ZOOMS)
@pytest.mark.parametrize("size", [1, 8, 15])
def test_a_brush_paints_the_pixels_it_covers(desk, zoom, size):
    desk.mask(zoom=zoom, view={"brush": size})
    path = [(120.4, 90.4), (150.4, 100.4), (150.4, 130.4)]
    desk.drag(*path)
    expected = np.full((240, 320), 255, np.uint8)
    expected[covered(expected.shape, path, size)] = 1
    assert np.array_equal(desk.values, expected) and desk.changes == 1


def test_an_eraser_leaves_the_ground_or_nothing(desk):
    values = np.ones((240, 320), np.uint8)
    for view, to in (({}, 0), ({"eraseTo": 255}, 255)):
        desk.mask(values, view={"brush": 9, "tool": "erase", **view})
        desk.drag((100.5, 100.5), (140.5, 100.5))
        expected = values.copy()
        expected[covered(values.shape, [(100.5, 100.5), (140.5, 100.5)], 9)] = to
        assert np.array_equal(desk.values, expected)


def test_a_brush_paints_only_over_one_class_if_asked(desk):
    values = np.zeros((240, 320), np.uint8)
    values[:, 120:] = 2
    desk.mask(values, view={"brush": 21, "only": 2})
    desk.drag((100.5, 100.5), (140.5, 100.5))
    expected = values.copy()
    expected[covered(values.shape, [(100.5, 100.5), (140.5, 100.5)], 21) & (values == 2)] = 1
    assert np.array_equal(desk.values, expected)


@pytest.mark.parametrize("zoom", ZOOMS)
def test_a_polygon_fills_the_pixels_whose_centre_is_inside(desk, zoom):
    corners = [(110, 70), (200, 95), (150, 110), (190, 160), (120, 150)]
    desk.mask(zoom=zoom)
    desk.keys("g")
    for place in corners:
        desk.click(*place)
    desk.keys("Enter")
    y, x = np.mgrid[:240, :320] + 0.5
    inside = np.zeros((240, 320), bool)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        crosses = (ay > y) != (by > y)
        inside ^= crosses & (x < ax + (y - ay) * (bx - ax) / ((by - ay) or 1))
    assert np.array_equal(desk.values, np.where(inside, 1, 255))


def test_fill_takes_one_region_through_its_sides(desk):
    values = np.random.default_rng(0).integers(0, 2, (240, 320)).astype(np.uint8) * 2
    values[100:110, 150:160] = 2
    desk.mask(values)
    desk.keys("f")
    desk.click(155.5, 105.5)
    regions, _ = ndimage.label(values == 2)
    expected = np.where(regions == regions[105, 155], 1, values)
    assert np.array_equal(desk.values, expected)


def test_the_rest_gets_one_class(desk):
    values = np.full((240, 320), 255, np.uint8)
    values[50:60] = 2
    desk.mask(values)
    desk.page.get_by_role("button", name="Rest is red").click()
    assert np.array_equal(desk.values, np.where(values == 255, 1, values))


def test_a_mask_is_painted_by_keys_alone(desk):
    desk.mask(view={"brush": 3})
    desk.page.focus(".draw-stage")
    desk.page.mouse.move(1, 1)
    desk.keys("r", "ArrowRight", "]", "[", "Enter", "Escape")
    expected = np.full((240, 320), 255, np.uint8)
    expected[covered(expected.shape, [(161.5, 120.5)], 3)] = 1
    assert np.array_equal(desk.values, expected)


def test_an_untouched_mask_is_given_back_as_it_came(desk):
    values = np.random.default_rng(1).integers(0, 3, (240, 320)).astype(np.uint8)
    desk.mask(values)
    before = desk.ask("editor.marks()")
    assert before == {"mask": png(values)}
    desk.drag((100, 100), (120, 100))
    assert desk.ask("editor.marks()") != before
    desk.ask("editor.restore(host.states[0])")
    assert desk.ask("editor.marks()") == before
    desk.mask()
    assert desk.ask("editor.marks()") == {"mask": None}


def test_states_of_masks_can_be_brought_back_and_escape_cancels_a_stroke(desk):
    values = np.random.default_rng(1).integers(0, 3, (240, 320)).astype(np.uint8)
    desk.mask(values)
    seen = [values]
    for y in (60, 100, 140):
        desk.drag((90.5, y), (200.5, y))
        seen.append(desk.values)
    desk.drag((90, 90), (150, 120), drop=False)
    desk.keys("Escape")
    desk.page.mouse.up()
    assert np.array_equal(desk.values, seen[-1]) and desk.changes == 3
    for number in (0, 3, 1, 2):
        desk.ask(f"editor.restore(host.states[{number}])")
        assert np.array_equal(desk.values, seen[number])


def test_what_marks_gives_is_the_state_when_it_was_asked(desk):
    desk.mask()
    desk.drag((100, 100), (120, 100))
    early, late = desk.ask(
        "(() => { const one = editor.marks(); editor.clear(); return Promise.all([one, editor.marks()]); })()"
    )
    assert (pixels(early["mask"]) == 1).any() and not pixels(late["mask"]).any()


def test_a_proposed_mask_is_accepted_by_region_by_brush_in_an_outline_and_whole(desk):
    values, proposal = np.zeros((240, 320), np.uint8), np.full((240, 320), 255, np.uint8)
    proposal[40:80, 40:90], proposal[120:200, 150:250] = 1, 2
    desk.mask(values, proposal)
    desk.hover(60, 60)
    desk.keys("Enter")
    expected = np.where(proposal == 1, 1, values)
    assert np.array_equal(desk.values, expected) and desk.changes == 1
    desk.keys("t")
    desk.drag((140.5, 130.5), (180.5, 130.5))
    expected[covered(values.shape, [(140.5, 130.5), (180.5, 130.5)], 15) & (proposal == 2)] = 2
    assert np.array_equal(desk.values, expected)
    desk.keys("g")
    for place in ((200, 150), (300, 150), (300, 180), (200, 180)):
        desk.click(*place)
    desk.keys("Shift+Enter")
    expected[150:180, 200:250] = 2
    assert np.array_equal(desk.values, expected)
    desk.keys("Shift+Enter")
    assert np.array_equal(desk.values, np.where(proposal < 255, proposal, values))
    assert not desk.ask("editor.proposing")
    desk.ask("editor.restore(host.states[0])")
    assert np.array_equal(desk.values, values) and desk.ask("editor.proposing")


def test_a_proposed_mask_is_rejected_by_region(desk):
    proposal = np.full((240, 320), 255, np.uint8)
    proposal[40:80, 40:90], proposal[120:200, 150:250] = 1, 2
    desk.mask(proposal=proposal)
    desk.hover(60, 60)
    desk.keys("Delete", "Shift+Enter")
    assert np.array_equal(desk.values, np.where(proposal == 2, 2, 255))


def test_a_mask_is_copied_into_what_is_not_labelled(desk):
    values, other = np.full((240, 320), 255, np.uint8), np.full((240, 320), 2, np.uint8)
    values[:100] = 1
    desk.mask(values)
    desk.page.evaluate("(marks) => editor.copyFrom(marks)", {"mask": png(other)})
    assert np.array_equal(desk.values, np.where(values == 255, 2, 1))
    desk.page.evaluate("(marks) => editor.copyFrom(marks)", {"mask": png(other[:, :100])})
    assert desk.said == "That mask is 100 × 240, this image 320 × 240: not taken over."


# PNG.


@pytest.mark.parametrize("shape", [(1, 1), (3, 257), (64, 50), (201, 99)])
def test_png_images_are_those_of_pillow(desk, shape):
    values = np.random.default_rng(shape[0]).integers(0, 256, shape).astype(np.uint8)
    write = (
        "async ([text, w, h]) => jumok.png.toBase64(await jumok.png.encode(jumok.png.fromBase64(text), w, h))"
    )
    written = desk.page.evaluate(write, [base64.b64encode(values.tobytes()).decode(), shape[1], shape[0]])
    assert np.array_equal(pixels(written), values)
    read = "async (text) => jumok.png.toBase64((await jumok.png.decode(jumok.png.fromBase64(text))).values)"
    assert base64.b64decode(desk.page.evaluate(read, png(values))) == values.tobytes()


def filtered(values, kind):
    """A PNG whose rows have one kind of filter, by the specification."""
    rows, wide = [], np.pad(values.astype(int), ((1, 0), (1, 0)))
    for y in range(1, wide.shape[0]):
        here, left, up, corner = wide[y, 1:], wide[y, :-1], wide[y - 1, 1:], wide[y - 1, :-1]
        off = np.abs(np.stack([up - corner, left - corner, left + up - 2 * corner]))
        paeth = np.select([(off[0] <= off[1]) & (off[0] <= off[2]), off[1] <= off[2]], [left, up], corner)
        guess = [0, left, up, (left + up) // 2, paeth][kind]
        rows.append(bytes([kind]) + ((here - guess) % 256).astype(np.uint8).tobytes())
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"".join(rows))),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts
    )
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


@pytest.mark.parametrize("kind", range(5))
def test_all_filters_of_png_are_read(desk, kind):
    values = np.random.default_rng(kind).integers(0, 256, (20, 31)).astype(np.uint8)
    text = filtered(values, kind)
    assert np.array_equal(pixels(text), values)
    read = "async (text) => jumok.png.toBase64((await jumok.png.decode(jumok.png.fromBase64(text))).values)"
    assert base64.b64decode(desk.page.evaluate(read, text)) == values.tobytes()


# The stage.


def test_the_wheel_zooms_at_the_pointer_and_space_pans(desk):
    desk.mount()
    desk.hover(100, 80)
    where = "(() => { const [x, y] = [editor.pointer.px, editor.pointer.py]; return editor.stage.toImage(x, y); })()"
    before = desk.ask(where)
    desk.page.mouse.wheel(0, -400)
    desk.page.wait_for_function("editor.stage.scale > editor.stage.fitScale * 1.5")
    after = desk.ask(where)
    assert abs(after["x"] - before["x"]) < 0.5 and abs(after["y"] - before["y"]) < 0.5
    offset = desk.ask("editor.stage.offset")
    desk.page.keyboard.down(" ")
    desk.drag((100, 80), (110, 80))
    desk.page.keyboard.up(" ")
    assert desk.ask("editor.stage.offset")[0] > offset[0] and desk.objects == []
    desk.keys("0")
    assert desk.ask("editor.stage.scale === editor.stage.fitScale")


def test_zoom_and_tool_stay_from_image_to_image(desk):
    desk.page.evaluate("window.kept = {}")
    for _ in range(2):
        desk.page.evaluate("mount({ view: kept })")
        place = desk.ask("[editor.stage.scale, ...editor.stage.offset, editor.current]")
        desk.page.evaluate("editor.tool('select'); editor.stage.zoomTo(5, 100, 100)")
    assert place[0] == 5 and place[3] == "select"


def test_two_fingers_zoom_and_draw_nothing(desk):
    desk.mount()
    pinch = """() => {
      const node = document.querySelector(".draw-stage"), touch = { pointerType: "touch", clientY: 300, button: 0 };
      const fire = (name, id, x) => node.dispatchEvent(new PointerEvent(name, { pointerId: id, clientX: x, ...touch }));
      node.setPointerCapture = () => {};
      fire("pointerdown", 1, 400); fire("pointermove", 1, 440); fire("pointerdown", 2, 500);
      const before = editor.stage.scale;
      fire("pointermove", 2, 560); fire("pointerup", 1, 440); fire("pointerup", 2, 560);
      return editor.stage.scale / before;
    }"""
    assert desk.page.evaluate(pinch) == pytest.approx(2)
    assert desk.objects == [] and not desk.ask("editor.busy()")


def test_labels_can_be_read_on_every_colour(desk):
    worst = """(() => {
      const part = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
      let worst = 21;
      for (let n = 0; n < 4096; n++) {
        const hex = [n >> 8, (n >> 4) & 15, n & 15].map((v) => v.toString(16).repeat(2)), colour = "#" + hex.join("");
        const [r, g, b] = hex.map((v) => part(parseInt(v, 16) / 255)), light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        const black = jumok.marks.textColour(colour) === "#000000";
        worst = Math.min(worst, black ? (light + 0.05) / 0.05 : 1.05 / (light + 0.05));
      }
      return worst;
    })()"""
    assert desk.ask(worst) >= 4.5


def test_lines_are_whole_device_pixels(desk):
    desk.mount(3.7, marks={"objects": [{**SCENE[0], "class": "red"}]})
    desk.page.mouse.move(1, 1)
    row = """new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
      const { canvas, g } = editor.marksLayer, [x, y] = editor.stage.toDevice(100, 120).map(Math.round);
      done([...g.getImageData(x - 4, y, 8, 1).data].filter((_, i) => i % 4 === 3));
    })))"""
    alphas = desk.ask(row)
    assert [value for value in alphas if value == 255] == [255, 255] and len(
        set(alphas)
    ) == 3  # none, rim, line


def test_both_languages_have_all_texts_of_drawing(desk):
    kinds = """(language) => {
      const kind = (one) => (typeof one === "function" ? one.length : typeof one);
      return Object.fromEntries(Object.entries(jumok.words[language]).map(([key, one]) => [key, kind(one)]));
    }"""
    assert desk.page.evaluate(kinds, "en") == desk.page.evaluate(kinds, "ko")


def test_an_image_is_described_in_a_sentence(desk):
    desk.mount(marks={"objects": SCENE}, proposals={"marks": {"objects": PROPOSED}})
    assert desk.ask("editor.summary()") == "2 objects: 1 disc, 1 red. 3 proposed."
    values = np.zeros((240, 320), np.uint8)
    values[:60] = 1
    desk.mask(values)
    assert desk.ask("editor.summary()") == "background 75.0 %, red 25.0 %."


def test_proposals_that_come_late_are_back_when_accepting_them_is_undone(desk):
    given = {"marks": {"objects": PROPOSED}}
    desk.mount(marks={"objects": SCENE}, view={"least": 0.3})
    desk.page.evaluate("(given) => editor.setProposals(given)", given)
    desk.keys("Shift+Enter")
    assert len(desk.boxes) == 4 and len(desk.ask("editor.proposals")) == 1
    desk.page.evaluate("(given) => editor.setProposals(given)", given)
    assert len(desk.ask("editor.proposals")) == 1
    desk.ask("editor.restore(host.states[0])")
    assert desk.objects == SCENE and len(desk.ask("editor.proposals")) == 3
    proposal = np.full((240, 320), 2, np.uint8)
    desk.mask()
    desk.page.evaluate("(given) => editor.setProposals(given)", {"marks": {"mask": png(proposal)}})
    desk.keys("Shift+Enter")
    assert np.array_equal(desk.values, proposal) and not desk.ask("editor.proposing")
    desk.ask("editor.restore(host.states[0])")
    assert desk.ask("editor.proposing") and desk.ask("editor.marks()") == {"mask": None}


@pytest.mark.parametrize("text", [png(np.ones((7, 9), np.uint8)), png(np.ones((240, 320), np.uint8))[:-24]])
def test_a_mask_that_does_not_fit_or_is_damaged_is_never_painted_over(desk, text):
    desk.mount(kind="mask", marks={"mask": text}, classes=GROUND)
    assert desk.said.startswith(("That mask is 9 × 7", "This mask can't be read"))
    desk.drag((100, 100), (150, 120))
    assert desk.changes == 0 and desk.ask("editor.marks()") == {"mask": text}


def test_another_mask_takes_the_place_of_what_was_painted(desk):
    values = np.full((240, 320), 2, np.uint8)
    desk.mask()
    desk.drag((100, 100), (150, 120))
    desk.page.evaluate(
        "async (marks) => { editor.setMarks(marks); await editor.ready; }", {"mask": png(values)}
    )
    assert desk.ask("editor.marks()") == {"mask": png(values)} and desk.changes == 1
    desk.drag((100.5, 100.5), (100.5, 100.5))
    assert (
        desk.changes == 2
        and (desk.values == 1).sum() == covered(values.shape, [(100.5, 100.5)] * 2, 15).sum()
    )


def test_a_finger_draws(desk):
    desk.mount(3.7)
    draw = """(places) => {
      const node = document.querySelector(".draw-stage"), touch = { pointerType: "touch", pointerId: 7, button: 0 };
      node.setPointerCapture = () => {};
      ["pointerdown", "pointermove", "pointerup"].forEach((name, i) => {
        node.dispatchEvent(new PointerEvent(name, { clientX: places[i][0], clientY: places[i][1], ...touch }));
      });
    }"""
    desk.page.evaluate(draw, [desk.at(120, 90), desk.at(160, 140), desk.at(170, 150)])
    assert desk.boxes == [("red", [120, 90, 170, 150])]


def test_escape_leaves_the_image_to_whoever_walks_by_tab(desk):
    desk.mount(marks={"objects": SCENE})
    desk.page.focus(".draw-stage")
    desk.keys("Tab", "Escape", "Escape", "Tab")
    assert desk.selected is None
    assert desk.ask("document.activeElement !== document.querySelector('.draw-stage')")
    desk.page.focus(".draw-stage")
    desk.keys("Tab")
    assert desk.selected is not None


def test_the_threshold_says_how_many_would_be_accepted(desk):
    desk.mount(proposals={"marks": {"objects": PROPOSED}}, view={"least": 0.3})
    names = ".draw-options .draw-button"
    assert desk.page.locator(names).all_text_contents() == ["Accept all 2"]
    desk.page.get_by_label("Score ≥").fill("0.05")
    assert desk.page.locator(names).all_text_contents() == ["Accept all 3"]
    assert desk.ask("document.activeElement.type") == "range"
    desk.page.get_by_role("button", name="Accept all 3").click()
    assert len(desk.boxes) == 3


def test_an_image_with_nothing_on_it_is_all_background_if_there_is_such_a_class(desk):
    desk.mask(np.full((240, 320), 2, np.uint8))
    desk.ask("editor.clear()")
    assert not desk.values.any() and desk.changes == 1
    desk.mask(np.full((240, 320), 2, np.uint8), classes=[["sky", "#d1495b"], *GROUND[1:]])
    desk.ask("editor.clear()")
    assert desk.said.startswith("No class here is a background") and desk.changes == 0


NEXT_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def test_only_what_changes_is_drawn_again(desk):
    desk.mount(marks={"objects": SCENE}, view={"tool": "select"})
    desk.click(160, 110)
    desk.ask(NEXT_FRAMES)
    desk.ask(
        "void (() => { window.cleared = 0; editor.marksLayer.g.clearRect = () => { cleared += 1; }; })()"
    )
    desk.drag((160, 110), (165, 115), (170, 120), (180, 125), drop=False)
    desk.ask(NEXT_FRAMES)
    assert desk.ask("cleared") == 0 and desk.ask("editor.draft.box") == [160, 105, 200, 145]
    desk.page.mouse.up()
    desk.mask()
    desk.hover(160, 110)
    desk.ask(NEXT_FRAMES)
    count = """void (() => {
      const { g } = editor.maskLayer, put = g.putImageData.bind(g);
      window.drawn = 0;
      g.putImageData = (image, x, y) => { drawn += image.width * image.height; put(image, x, y); };
    })()"""
    desk.ask(count)
    desk.drag((160, 110), (165, 115), (170, 120), drop=False)
    desk.ask(NEXT_FRAMES)
    assert (
        0
        < desk.ask("drawn")
        < desk.ask("editor.maskLayer.canvas.width * editor.maskLayer.canvas.height") / 10
    )
    desk.page.mouse.up()
