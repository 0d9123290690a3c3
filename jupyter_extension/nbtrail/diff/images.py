"""Images compared by their pixels. Pillow is loaded when the first one has to be looked into."""

from __future__ import annotations

import base64
import binascii
import io
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbtrail.diff.shape import Verdict
from nbtrail.diff.text import compare_text

if TYPE_CHECKING:
    from PIL.Image import Image

#: Pixels whose channels differ by no more (of 255) are the same: what smoothing edges leaves.
_TOLERANCE = 3
#: Pixels that are decoded, of all images of one side together: by default, and for people, who
#: wait for some plots.
DEFAULT_PIXELS, PIXELS_FOR_PEOPLE = 120_000, 2_000_000
#: Larger images are never decoded: a small file may hold one that fills the memory.
_LARGEST = 40_000_000
#: Characters of base64 that dates and names of programs in a file may take.
_NOTES = 400
_PNG = b"\x89PNG\r\n\x1a\n"
#: Parts of a PNG that say what it looks like; the others name dates and programs.
_VISIBLE = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT"})
_SVG_NOISE = re.compile(
    r"<dc:date>[^<]{0,100}</dc:date>|<!--[^<>]{0,500}-->|\b[a-zA-Z]{1,4}[0-9a-f]{10}\b|\bid=\"[^\"<]{0,200}\""
)


@dataclass
class PixelBudget:
    """How much of images may still be decoded: what is answered is the same on every machine.

    ``left`` is in pixels of one side; ``None`` for all. ``heat_maps`` asks for pictures of where
    the pixels differ.
    """

    left: int | None = DEFAULT_PIXELS
    heat_maps: bool = False

    def take(self, pixels: int) -> bool:
        """Whether so many may be decoded."""
        if self.left is None:
            return True
        if pixels > self.left:
            return False
        self.left -= pixels
        return True


def compare_images(
    mime: str, a: str, b: str, budget: PixelBudget
) -> tuple[Verdict, str, dict[str, Any]]:
    """Compare two images of a mime type, in base64 or as the text of an SVG."""
    if a == b:
        return "same", "", {}
    if mime == "image/svg+xml":
        if _SVG_NOISE.sub("", a) == _SVG_NOISE.sub("", b):
            return "noise", "random ids or dates of the SVG", {}
        verdict, _, details = compare_text(a, b)
        return verdict, "the drawing differs" if verdict == "changed" else "the SVG's text", details
    size_a, size_b = _size_ahead(a), _size_ahead(b)
    if size_a and size_b and abs(len(a) - len(b)) > _NOTES:
        # Too much for a date: known to be another picture before it is decoded.
        details = {"size_a": list(size_a), "size_b": list(size_b)}
        if size_a != size_b:
            return "changed", _sizes(size_a, size_b), details
        if budget.left is not None and size_a[0] * size_a[1] > budget.left:
            return "changed", "another image; its pixels were not compared", details
    try:
        data_a, data_b = _decoded(a), _decoded(b)
    except (binascii.Error, ValueError):
        return "changed", "the image's base64 is broken, so it was compared as text", {}
    if data_a == data_b:
        return "noise", "line ends of the base64", {}
    if mime == "image/png" and _visible(data_a) == _visible(data_b) is not None:
        return "noise", "what the file says of its date and program", {}
    return _compare_pixels(data_a, data_b, budget)


def size_of(data: str) -> tuple[int, int] | None:
    """Width and height of an image in base64, without decoding it; ``None`` where unreadable."""
    try:
        raw = _decoded(data)
    except (binascii.Error, ValueError):
        return None
    image = _open(raw)
    return None if image is None else image.size


def _compare_pixels(a: bytes, b: bytes, budget: PixelBudget) -> tuple[Verdict, str, dict[str, Any]]:
    size_a, size_b = _png_size(a), _png_size(b)
    details: dict[str, Any] = {}
    if size_a and size_b:
        details = {"size_a": list(size_a), "size_b": list(size_b)}
        if size_a != size_b:
            return "changed", _sizes(size_a, size_b), details
        if not budget.take(size_a[0] * size_a[1]):
            return "changed", "another image; its pixels were not compared", details
    one, other = _open(a), _open(b)
    if one is None or other is None:
        return "changed", "an image that cannot be decoded differs", details
    details = {"size_a": list(one.size), "size_b": list(other.size)}
    if one.size != other.size:
        return "changed", _sizes(one.size, other.size), details
    pixels = one.width * one.height
    if not size_a and not budget.take(pixels):
        return "changed", "another image; its pixels were not compared", details
    if pixels > _LARGEST:
        return "changed", "another image, too large for its pixels to be compared", details
    try:
        difference = _difference(one, other)
    except (OSError, SyntaxError, ValueError, struct.error):
        return "changed", "an image that cannot be decoded differs", details
    counts = difference.histogram()
    largest = max((value for value, count in enumerate(counts) if count), default=0)
    share = sum(counts[_TOLERANCE + 1 :]) / max(pixels, 1)
    details |= {"share": share, "largest": largest}
    if not share:
        why = f"pixels within {largest} of 255" if largest else "the same pixels, saved otherwise"
        return "noise", why, details
    if budget.heat_maps:
        details["heat_map"] = _heat_map(difference)
    return "changed", f"{_percent(share)} of the pixels differ", details


def _difference(a: Image, b: Image) -> Image:
    """The largest difference of any channel, as a picture in grey."""
    from concurrent.futures import ThreadPoolExecutor

    from PIL import ImageChops

    mode = "RGBA" if "A" in a.mode + b.mode or "transparency" in {**a.info, **b.info} else "RGB"
    with ThreadPoolExecutor(1) as aside:
        # Decoding gives up the interpreter's lock: one on each of two processors.
        other = aside.submit(_in_mode, b, mode)
        whole = ImageChops.difference(_in_mode(a, mode), other.result())
    worst, *bands = whole.split()
    for band in bands:
        worst = ImageChops.lighter(worst, band)
    return worst


def _in_mode(image: Image, mode: str) -> Image:
    return image if image.mode == mode else image.convert(mode)


def _heat_map(difference: Image) -> str:
    """Transparent where the pixels are the same, yellow to red where they differ: PNG in base64."""
    from PIL import Image as Images

    strength = difference.point([0] * (_TOLERANCE + 1) + [
        min(255, 110 + value) for value in range(_TOLERANCE + 1, 256)
    ])  # fmt: skip
    colour = Images.merge("RGB", (
        difference.point([230] * 256),
        difference.point([max(0, 170 - value) for value in range(256)]),
        difference.point([20] * 256),
    ))  # fmt: skip
    colour.putalpha(strength)
    file = io.BytesIO()
    colour.save(file, "png", compress_level=3)
    return base64.b64encode(file.getvalue()).decode("ascii")


def _open(data: bytes) -> Image | None:
    import warnings

    from PIL import Image as Images

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Images.open(io.BytesIO(data))
    except (OSError, SyntaxError, ValueError, Images.DecompressionBombError):
        return None


def _decoded(text: str) -> bytes:
    """Bytes of base64 that may have line ends in it; raises ValueError where it is broken."""
    text = text.strip()
    if "\n" in text:
        text = "".join(text.split())
    return base64.b64decode(text, validate=True)


def _visible(data: bytes) -> list[bytes] | None:
    """Those chunks of a PNG that can be seen; ``None`` where it is none, or is broken."""
    if not data.startswith(_PNG):
        return None
    found = []
    at = len(_PNG)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if at + 12 + length > len(data):
            return None
        if data[at + 4 : at + 8] in _VISIBLE:
            found.append(data[at + 4 : at + 8 + length])
        at += 12 + length
    return found


def _png_size(data: bytes) -> tuple[int, int] | None:
    if not data.startswith(_PNG) or len(data) < 24:
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _size_ahead(text: str) -> tuple[int, int] | None:
    """Width and height of a PNG from the beginning of its base64; ``None`` for other images."""
    try:
        return _png_size(base64.b64decode(text[:32]))
    except (binascii.Error, ValueError):
        return None


def _sizes(a: tuple[int, int], b: tuple[int, int]) -> str:
    return f"size {a[0]} by {a[1]} → {b[0]} by {b[1]}"


def _percent(share: float) -> str:
    return (
        f"{share:.0%}" if share >= 0.1 else f"{share:.1%}" if share >= 0.001 else "less than 0.1%"
    )
