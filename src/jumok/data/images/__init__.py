"""People's images and masks: read, looked at, scaled into a batch, and varied."""

from jumok.deferred import lazy_names

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "read_image": "jumok.data.images.reading",
        "read_header": "jumok.data.images.reading",
        "read_mask": "jumok.data.images.mask_images",
    },
)
