"""Compares and converts pictures, in the browser that made them: no library for it is needed.

Two browsers draw the edges of letters a little differently, so pictures are compared by spots of 4 x 4 pixels, whose
colours are averaged first.
"""

from base64 import b64decode, b64encode

import msgspec
from playwright.async_api import Page

# How far the colour of a spot may be from the other's, of 255, in red, green or blue.
COLOUR_TOLERANCE = 32
_DRAWN = """async (png) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    return bitmap;
}"""
_SHRUNK = (
    "async (png) => { const drawn = "
    + _DRAWN
    + """;
    const whole = await drawn(png);
    const canvas = document.createElement("canvas");
    canvas.width = Math.ceil(whole.width / 2);
    canvas.height = Math.ceil(whole.height / 2);
    canvas.getContext("2d").drawImage(whole, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/png").split(",")[1];
}"""
)
_WEBP = (
    "async (png) => { const drawn = "
    + _DRAWN
    + """;
    const whole = await drawn(png);
    const canvas = document.createElement("canvas");
    canvas.width = whole.width;
    canvas.height = whole.height;
    canvas.getContext("2d").drawImage(whole, 0, 0);
    return canvas.toDataURL("image/webp", 0.86).split(",")[1];
}"""
)
_COMPARED = (
    "async ([one, other, tolerance]) => { const drawn = "
    + _DRAWN
    + """;
    const halves = [];
    for (const png of [one, other]) {
        const whole = await drawn(png);
        const canvas = document.createElement("canvas");
        canvas.width = Math.ceil(whole.width / 2);
        canvas.height = Math.ceil(whole.height / 2);
        const context = canvas.getContext("2d", {willReadFrequently: true});
        context.drawImage(whole, 0, 0, canvas.width, canvas.height);
        halves.push(context.getImageData(0, 0, canvas.width, canvas.height));
    }
    const [a, b] = halves;
    if (a.width !== b.width || a.height !== b.height) return {spots: -1, box: []};
    let spots = 0;
    const box = [a.width, a.height, 0, 0];
    for (let at = 0; at < a.data.length; at += 4) {
        let most = 0;
        for (let part = 0; part < 3; part++) most = Math.max(most, Math.abs(a.data[at + part] - b.data[at + part]));
        if (most <= tolerance) continue;
        spots++;
        const x = (at / 4) % a.width, y = Math.floor(at / 4 / a.width);
        box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y);
        box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y);
    }
    return {spots, box: box.map((side) => side * 4)};
}"""
)


class Difference(msgspec.Struct, frozen=True):
    """How many spots differ (-1: the sizes do), and what they lie within, in pixels: left, top, right, bottom."""

    spots: int
    box: tuple[int, ...]


async def shrunk(page: Page, png: bytes) -> bytes:
    """The PNG at half its width and height."""
    return b64decode(await page.evaluate(_SHRUNK, b64encode(png).decode()))


async def webp(page: Page, png: bytes) -> bytes:
    """The picture as WebP, about a third of the size."""
    return b64decode(await page.evaluate(_WEBP, b64encode(png).decode()))


async def compared(page: Page, one: bytes, other: bytes) -> Difference:
    """Two PNGs, both at half their sizes."""
    both = [b64encode(one).decode(), b64encode(other).decode(), COLOUR_TOLERANCE]
    return msgspec.convert(await page.evaluate(_COMPARED, both), type=Difference)
