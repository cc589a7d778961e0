"""Compares and converts pictures, in the browser that made them: no library for it is needed.

Two versions of a browser draw the edges of letters a little differently, so pictures are compared by spots of 4 x 4
pixels, whose colours are averaged first.
"""

from base64 import b64decode, b64encode

import msgspec
from playwright.async_api import Page

COLOUR_TOLERANCE = 32
"""How far the colour of a spot may be from the other's, of 255, in red, green or blue."""

_CANVAS = """const canvasOf = async (png, scale) => {
    const whole = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = document.createElement("canvas");
    canvas.width = Math.ceil(whole.width * scale);
    canvas.height = Math.ceil(whole.height * scale);
    canvas.getContext("2d", {willReadFrequently: true}).drawImage(whole, 0, 0, canvas.width, canvas.height);
    return canvas;
};
"""
_CONVERTED = f"""async ([png, scale, type, quality]) => {{ {_CANVAS}
    return (await canvasOf(png, scale)).toDataURL(type, quality).split(",")[1];
}}"""
_COMPARED = f"""async ([pngs, tolerance]) => {{ {_CANVAS}
    const [a, b] = await Promise.all(pngs.map(async (png) => {{
        const canvas = await canvasOf(png, 0.5);
        return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    }}));
    if (a.width !== b.width || a.height !== b.height) return {{spots: -1, box: []}};
    let spots = 0;
    const box = [a.width, a.height, 0, 0];
    for (let at = 0; at < a.data.length; at += 4) {{
        const apart = [0, 1, 2].map((part) => Math.abs(a.data[at + part] - b.data[at + part]));
        if (Math.max(...apart) <= tolerance) continue;
        spots++;
        const x = (at / 4) % a.width, y = Math.floor(at / 4 / a.width);
        box.splice(0, 4, Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x + 1), Math.max(box[3], y + 1));
    }}
    return {{spots, box: box.map((side) => side * 4)}};
}}"""


class Difference(msgspec.Struct, frozen=True):
    """How many spots differ (-1: the sizes do), and what they lie within, in pixels: left, top, right, bottom."""

    spots: int
    box: tuple[int, ...]


async def shrunk(page: Page, png: bytes) -> bytes:
    """The PNG at half its width and height."""
    return b64decode(await page.evaluate(_CONVERTED, [b64encode(png).decode(), 0.5, "image/png", None]))


async def webp(page: Page, png: bytes) -> bytes:
    """The picture as WebP, about half as large as the PNG."""
    return b64decode(await page.evaluate(_CONVERTED, [b64encode(png).decode(), 1, "image/webp", 0.86]))


async def compared(page: Page, one: bytes, other: bytes) -> Difference:
    """Two PNGs that ``shrunk`` made."""
    pngs = [b64encode(png).decode() for png in (one, other)]
    return msgspec.convert(await page.evaluate(_COMPARED, [pngs, COLOUR_TOLERANCE]), type=Difference)
