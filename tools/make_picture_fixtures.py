#!/usr/bin/env python3
"""Makes Tests/Fixtures/pictures.json: small picture files of every kind, and their pixels as Pillow reads them. Some of
them are what `scripts/fuzz` begins with, in Tests/Fixtures/fuzz.

Usage: python3 tools/make_picture_fixtures.py     needs Pillow, NumPy and TurboJPEG's library

Pillow does not write every kind of PNG, and does not keep 16 bits a sample when it reads colors: PNGs are written here,
and their pixels are known. Pillow reads each as well, and must agree.
"""
import base64
import ctypes
import ctypes.util
import io
import json
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

WIDTH, HEIGHT = 9, 7
GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGBA: 4}
# Of each pass of Adam7: the first column and row, and their distances.
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]

random = np.random.default_rng(1986)


def text(data):
    return base64.b64encode(bytes(data)).decode()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def rows(samples, depth):
    """[height, width, channels] as the rows of a PNG, each after a byte for its filter (none)."""
    result = b""
    for row in samples:
        if depth == 16:
            packed = row.astype(">u2").tobytes()
        elif depth == 8:
            packed = row.astype(np.uint8).tobytes()
        else:
            bits = (row.reshape(-1, 1) >> np.arange(depth)[::-1]) & 1
            packed = np.packbits(bits.astype(np.uint8)).tobytes()
        result += b"\0" + packed
    return result


def png(samples, color, depth, interlaced, *, palette=None, transparency=None, extra=b""):
    height, width = samples.shape[:2]
    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    parts = [samples[y::dy, x::dx] for x, y, dx, dy in passes]
    data = b"".join(rows(part, depth) for part in parts if part.size)
    file = b"\x89PNG\r\n\x1a\n"
    file += chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)) + extra
    if palette is not None:
        file += chunk(b"PLTE", palette.astype(np.uint8).tobytes())
    if transparency is not None:
        file += chunk(b"tRNS", transparency)
    return file + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")


def to_8_bits(samples, depth):
    greatest = 2**depth - 1
    return (samples.astype(np.int64) * 255 + greatest // 2) // greatest


def on_white(rgb, alpha):
    alpha = alpha[..., None]
    return (rgb * alpha + 255 * (255 - alpha) + 127) // 255


def pixels(image):
    """The pixels of one of Pillow's images, in colors on white."""
    image = image.convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB"))


def case(name, file, rgb):
    image = Image.fromarray(np.ascontiguousarray(rgb, dtype=np.uint8))
    return {
        "name": name, "file": text(file), "height": image.height, "width": image.width, "rgb": text(image.tobytes()),
        "gray": text(image.convert("L").tobytes())}


def make_png(color, depth, interlaced, has_transparency=False):
    samples = random.integers(0, 2**depth, (HEIGHT, WIDTH, CHANNELS[color]))
    palette, transparency, alpha = None, None, np.full((HEIGHT, WIDTH), 255)
    if color == PALETTE:
        palette = random.integers(0, 256, (2**depth, 3))
        rgb = palette[samples[..., 0]]
        if has_transparency:
            # Shorter than the palette: the other colors are opaque.
            values = random.integers(0, 256, 2**depth // 2)
            transparency = values.astype(np.uint8).tobytes()
            alpha = np.concatenate([values, np.full(2**depth - len(values), 255)])[samples[..., 0]]
    else:
        colors = samples[..., :3] if color in (RGB, RGBA) else samples[..., :1].repeat(3, -1)
        rgb = to_8_bits(colors, depth)
        if color in (GRAY_ALPHA, RGBA):
            alpha = to_8_bits(samples[..., -1], depth)
        if has_transparency:
            chosen = samples[2, 3]
            transparency = b"".join(struct.pack(">H", int(value)) for value in chosen)
            alpha = np.where((samples == chosen).all(-1), 0, 255)
    rgb = on_white(rgb, alpha)
    file = png(samples, color, depth, interlaced, palette=palette, transparency=transparency)
    # Pillow drops the lower byte of 16 bits, and reads gray of 16 bits as numbers without a color.
    if depth < 16:
        assert (pixels(Image.open(io.BytesIO(file))) == rgb).all(), (color, depth, interlaced, has_transparency)
    elif color != GRAY and not has_transparency:
        assert abs(pixels(Image.open(io.BytesIO(file))).astype(int) - rgb).max() <= 2, (color, depth, interlaced)
    elif color == GRAY:
        assert (np.asarray(Image.open(io.BytesIO(file))) == samples[..., 0]).all()
    names = {GRAY: "gray", RGB: "rgb", PALETTE: "palette", GRAY_ALPHA: "gray-alpha", RGBA: "rgba"}
    name = f"png {names[color]} {depth}{' transparent' if has_transparency else ''}{' interlaced' if interlaced else ''}"
    return case(name, file, rgb)


def pngs():
    kinds = [(GRAY, depth, False) for depth in (1, 2, 4, 8, 16)] + [(PALETTE, depth, False) for depth in (1, 2, 4, 8)]
    kinds += [(color, depth, False) for color in (RGB, GRAY_ALPHA, RGBA) for depth in (8, 16)]
    kinds += [(GRAY, 2, True), (GRAY, 8, True), (GRAY, 16, True), (RGB, 8, True), (RGB, 16, True)]
    kinds += [(PALETTE, 4, True), (PALETTE, 8, True)]
    return [make_png(color, depth, interlaced, has) for color, depth, has in kinds for interlaced in (0, 1)]


def photograph(width, height):
    """Smooth colors with edges and some noise, as photographs have."""
    y, x = np.mgrid[0:height, 0:width]
    image = np.stack([120 + 90 * np.sin(x / 5), 128 + 100 * np.cos(y / 4 + x / 9), 255 * (x * height > y * width)], -1)
    return Image.fromarray(np.clip(image + random.normal(0, 6, image.shape), 0, 255).astype(np.uint8))


def saved(image, format="JPEG", **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def ycck(image):
    """A JPEG of luma, two differences of color, and black, as Adobe's programs write it: TurboJPEG does the same."""
    library = ctypes.CDLL(ctypes.util.find_library("turbojpeg"))
    library.tjInitCompress.restype = ctypes.c_void_p
    inverted = (255 - np.asarray(image)).tobytes()
    target, size = ctypes.POINTER(ctypes.c_ubyte)(), ctypes.c_ulong(0)
    cmyk = 11
    assert library.tjCompress2(
        ctypes.c_void_p(library.tjInitCompress()), inverted, image.width, 0, image.height, cmyk, ctypes.byref(target),
        ctypes.byref(size), 0, 90, 0) == 0
    return ctypes.string_at(target, size.value)


def jpegs():
    image = photograph(19, 13)
    files = {
        "4:4:4": saved(image, quality=90, subsampling=0), "4:2:2": saved(image, quality=90, subsampling=1),
        "4:2:0": saved(image, quality=60, subsampling=2), "optimized": saved(image, quality=30, optimize=True),
        "progressive": saved(image, quality=80, progressive=True), "gray": saved(image.convert("L"), quality=80),
        "restarts": saved(image, quality=75, restart_marker_blocks=1),
        "gray progressive": saved(image.convert("L"), quality=80, progressive=True),
        "cmyk": saved(image.convert("CMYK"), quality=90), "ycck": ycck(image.convert("CMYK")),
    }
    return [case(f"jpeg {name}", file, pixels(Image.open(io.BytesIO(file)))) for name, file in files.items()]


def orientations():
    image = photograph(11, 6)
    result = []
    for number in range(1, 9):
        exif = Image.Exif()
        exif[0x010F] = "A camera"
        exif[0x0112] = number
        # Both orders of bytes are in use.
        exif.endian = "<" if number % 2 else ">"
        files = {"jpeg": saved(image, quality=90, exif=exif)}
        if number in (3, 6):
            files["png"] = saved(image, "PNG", exif=exif)
        for format, file in files.items():
            upright = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
            result.append(case(f"{format} orientation {number}", file, pixels(upright)))
    return result


def resized():
    """Of one picture: sizes, and its pixels in them."""
    image = photograph(40, 29)
    result = []
    for width, height in [(20, 15), (7, 5), (1, 1), (64, 64), (3, 50), (100, 2), (40, 29), (39, 29), (28, 28)]:
        for fit in ("stretch", "crop"):
            for mode in ("RGB", "L"):
                source = image.convert(mode)
                small = (
                    source.resize((width, height), Image.Resampling.BILINEAR) if fit == "stretch"
                    else ImageOps.fit(source, (width, height), Image.Resampling.BILINEAR))
                result.append({
                    "channels": len(mode), "width": width, "height": height, "fit": fit,
                    "pixels": text(small.tobytes())})
    return {"file": text(saved(image, "PNG", optimize=True)), "sizes": result}


def shrunk():
    """A JPEG larger than what it is resized to, of which Pillow, too, decodes a half, a quarter or an eighth."""
    file = saved(photograph(90, 67), quality=85)
    result = []
    for width, height in [(40, 40), (20, 20), (10, 8), (22, 16), (46, 30)]:
        image = Image.open(io.BytesIO(file))
        # The least size of the whole picture with which the part that is kept is large enough.
        scale = max(width / image.width, height / image.height)
        least = (image.width * scale, image.height * scale)
        divisor = max(d for d in (1, 2, 4, 8) if -(-image.width // d) >= least[0] and -(-image.height // d) >= least[1])
        image.draft("RGB", (image.width // divisor, image.height // divisor))
        image.load()
        small = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
        result.append({"width": width, "height": height, "divisor": divisor, "pixels": text(small.tobytes())})
    return {"file": text(file), "sizes": result}


fixtures = {"pictures": pngs() + jpegs() + orientations(), "resized": resized(), "shrunk": shrunk()}
path = pathlib.Path(__file__).resolve().parent.parent / "Tests/Fixtures/pictures.json"
path.write_text(json.dumps(fixtures, indent=1) + "\n")

files = {case["name"]: base64.b64decode(case["file"]) for case in fixtures["pictures"]}
seeds = {
    "png": ["png gray 1", "png gray 16 interlaced", "png palette 4 transparent", "png palette 8", "png rgb 8 interlaced",
            "png rgb 16 transparent", "png gray-alpha 8", "png rgba 16", "png orientation 6"],
    "jpeg": ["jpeg 4:4:4", "jpeg 4:2:2", "jpeg 4:2:0", "jpeg progressive", "jpeg restarts", "jpeg gray", "jpeg cmyk",
             "jpeg ycck", "jpeg orientation 5"],
    "exif": ["jpeg orientation 1", "jpeg orientation 6", "jpeg orientation 7", "png orientation 3"],
}
for reader, names in seeds.items():
    folder = path.parent / "fuzz" / reader
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name.replace(" ", "-").replace(":", "")).write_bytes(files[name])
others = {
    "portable": {"p2": b"P2 # gray\n3 2 9\n0 1 2 3 4 5\n", "p5": b"P5 2 2 255\nabcd", "p5-16": b"P5 2 1 300\n\0a\1\1",
                 "p6": b"P6 1 2 255\nabcdef", "two": b"P5 1 1 7\n\1 P6 1 1 255\nabc\n"},
    "idx": {"labels": b"\0\0\x08\1\0\0\0\3abc", "images": b"\0\0\x08\3\0\0\0\1\0\0\0\2\0\0\0\3abcdef",
            "packed": zlib.compress(b"\0\0\x08\1\0\0\0\3abc", 9, 31)},
    "gzip": {"one": zlib.compress(b"abcabcabc", 9, 31), "two": 2 * zlib.compress(b"abc", 9, 31),
             "stored": zlib.compress(b"abc", 0, 31), "zlib": zlib.compress(b"abc" * 100, 9)},
}
for reader, contents in others.items():
    folder = path.parent / "fuzz" / reader
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
print(f"{path.name}: {len(fixtures['pictures'])} pictures, {path.stat().st_size} bytes")
