import numpy as np
import pytest
from PIL import Image

from jumok.data.images import reading as images
from jumok.data.images.mask_images import read_mask
from jumok.data.images.reading import load_image, read_header, read_image
from jumok.data.tables.faults import UnreadableFile
from jumok.errors import DataError


def drawn(width: int = 7, height: int = 5) -> Image.Image:
    """An image whose corners differ."""
    colours = np.zeros((height, width, 3), np.uint8)
    colours[0, 0], colours[0, -1], colours[-1, 0] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return Image.fromarray(colours)


def refused(path, read=read_image):
    with pytest.raises(UnreadableFile) as caught:
        read(path)
    return caught.value.fault


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "webp", "tif"])
def test_formats(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    drawn().save(path)
    image = read_image(path)
    assert image.mode == "RGB" and image.size == (7, 5)
    assert read_header(path) == ((7, 5), (7, 5), 1)


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_image_and_its_size(tmp_path, suffix, orientation):
    back = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270, 2: Image.Transpose.FLIP_LEFT_RIGHT}
    back |= {3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM}
    back |= {5: Image.Transpose.TRANSPOSE, 7: Image.Transpose.TRANSVERSE}
    stored = drawn().transpose(back[orientation]) if orientation > 1 else drawn()
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    options = {"lossless": True} if suffix == "webp" else {}
    stored.save(path, exif=exif, **options)
    header = read_header(path)
    assert header.size == (7, 5) and header.stored == stored.size and header.orientation == orientation
    assert np.array_equal(np.asarray(read_image(path)), np.asarray(drawn()))


def test_nonsense_in_exif_is_no_turn(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 77
    drawn().save(tmp_path / "a.jpg", exif=exif)
    assert read_header(tmp_path / "a.jpg") == ((7, 5), (7, 5), 1)


def test_sixteen_bits_become_eight(tmp_path):
    Image.fromarray(np.array([[0, 256, 65535]], np.uint16)).save(tmp_path / "a.png")
    assert np.asarray(read_image(tmp_path / "a.png"))[0, :, 0].tolist() == [0, 1, 255]
    Image.fromarray(np.array([[0.5]], np.float32)).save(tmp_path / "a.tif")
    assert "32 bits" in str(refused(tmp_path / "a.tif"))


def test_truncated_and_other_files_are_named(tmp_path):
    whole = tmp_path / "a.jpg"
    Image.effect_noise((64, 64), 50).save(whole)
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole.read_bytes()[:-500])
    assert read_header(cut).size == (64, 64)  # the header is whole
    fault = refused(cut)
    assert fault.kind == "undecodable_image" and str(fault).startswith(f"{cut}: cannot be decoded (")
    drawn().save(tmp_path / "a.gif")
    assert "is GIF or damaged, expected one of JPEG, PNG" in str(refused(tmp_path / "a.gif"))
    (tmp_path / "x.jpg").write_text("<html>404</html>")
    assert "is HTML or damaged" in str(refused(tmp_path / "x.jpg"))
    assert "did you mean 'cut.jpg'?" in str(refused(tmp_path / "cup.jpg"))
    assert "is a folder, expected an image" in str(refused(tmp_path))
    with pytest.raises(DataError, match="cannot be decoded"):
        load_image(cut)


@pytest.mark.parametrize("broken", range(30, 160, 10))
def test_no_damage_ends_in_a_traceback(tmp_path, broken):
    for suffix in ("png", "tif", "webp", "bmp"):
        path = tmp_path / f"a.{suffix}"
        drawn(40, 40).save(path)
        data = bytearray(path.read_bytes())
        data[broken : broken + 8] = b"\xff" * len(data[broken : broken + 8])
        path.write_bytes(data)
        try:
            read_image(path)
        except UnreadableFile:
            continue


def test_bombs_are_refused_before_decoding(tmp_path, monkeypatch):
    drawn(40, 30).save(tmp_path / "a.png")
    monkeypatch.setattr(images, "MOST_PIXELS", 1000)
    assert "has 40 × 30 = 0 million pixels, at most" in str(refused(tmp_path / "a.png", read_header))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300)
    assert refused(tmp_path / "a.png").kind == "too_large_image"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # where Pillow warns
    assert refused(tmp_path / "a.png").kind == "too_large_image"


def test_masks_keep_their_numbers(tmp_path):
    numbers = np.array([[0, 1, 2], [255, 11, 3]], np.uint8)
    Image.fromarray(numbers).save(tmp_path / "grey.png")
    coloured = Image.fromarray(numbers).convert("P")
    coloured.putpalette([1, 2, 3] * 256)
    coloured.save(tmp_path / "palette.png")
    Image.fromarray(numbers > 1).save(tmp_path / "bits.png")
    assert np.array_equal(read_mask(tmp_path / "grey.png"), numbers)
    assert np.array_equal(read_mask(tmp_path / "palette.png"), numbers)
    assert np.array_equal(read_mask(tmp_path / "bits.png"), numbers > 1)
    drawn().save(tmp_path / "colours.png")
    assert read_mask(tmp_path / "colours.png").shape == (5, 7, 3)
