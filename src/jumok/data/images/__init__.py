"""People's images and masks: read, looked at, scaled into a batch, and varied."""

from typing import TYPE_CHECKING

from jumok.deferred import lazy_names

if TYPE_CHECKING:
    from jumok.data.images.mask_images import read_mask
    from jumok.data.images.reading import read_header, read_image

__all__ = ["read_header", "read_image", "read_mask"]

if not TYPE_CHECKING:  # type checkers see the names above only
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "jumok.data.images.mask_images": ("read_mask",),
            "jumok.data.images.reading": ("read_header", "read_image"),
        },
    )
