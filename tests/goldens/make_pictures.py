"""Writes pictures.safetensors: small picture files of every kind, and what Pillow reads in them.

    python tests/goldens/make_pictures.py      (Pillow, numpy, safetensors)

NAME is a file's bytes, NAME.rgb what convert("RGB") gives, NAME.grey what convert("L") gives.
"""
import io
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

W, H = 27, 21
ys, xs = np.mgrid[0:H, 0:W]
# Smooth, so that how a decoder upsamples colours matters little.
RGB = np.stack([xs * 9, ys * 12, 255 - 4 * (xs + ys)], axis=-1).astype(np.uint8)
picture = Image.fromarray(RGB)


def saved(image, **options):
    to = io.BytesIO()
    image.save(to, **options)
    return to.getvalue()


def segments(jpeg):
    """(start, end, code) of each segment up to the first scan."""
    at = 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        yield at, end, jpeg[at + 1]
        at = end


def without(jpeg, codes):
    for start, end, code in reversed(list(segments(jpeg))):
        if code in codes:
            jpeg = jpeg[:start] + jpeg[end:]
    return jpeg


def adobe(jpeg, transform):
    marker = b"\xff\xee\0\x0eAdobe\0d\0\0\0\0" + bytes([transform])
    return jpeg[:2] + marker + without(jpeg, [0xEE])[2:]


def jfif(jpeg):
    return jpeg[:2] + b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0" + jpeg[2:]


def renamed(jpeg, ids):
    """The same with other names of components, in frame and scan."""
    jpeg = bytearray(jpeg)
    for start, end, code in segments(jpeg):
        if code == 0xC0:
            old = [jpeg[start + 10 + 3 * k] for k in range(len(ids))]
            for k, new in enumerate(ids):
                jpeg[start + 10 + 3 * k] = new
        scan = end
    assert [jpeg[scan + 5 + 2 * k] for k in range(len(ids))] == old
    for k, new in enumerate(ids):
        jpeg[scan + 5 + 2 * k] = new
    return bytes(jpeg)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels, depth, colour, interlaced=False):
    """A PNG of samples, rows × columns × channels, of 8 or 16 bits."""
    kind = ">u2" if depth == 16 else "u1"
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b""
    for x, y, right, down in passes:
        part = pixels[y::down, x::right]
        rows += b"".join(b"\0" + row.astype(kind).tobytes() for row in part if part.size)
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], depth, colour, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


jpeg = lambda image, **options: saved(image, format="JPEG", quality=95, **options)
cmyk, rgb = jpeg(picture.convert("CMYK")), jpeg(picture, keep_rgb=True)
grey = picture.convert("L")
opaque = np.dstack([RGB, (xs * 9).astype(np.uint8)])
palette = picture.quantize(40)
files = {
    "jpeg_444": jpeg(picture, subsampling=0),
    "jpeg_422": jpeg(picture, subsampling=1),
    "jpeg_420": jpeg(picture, subsampling=2),
    "jpeg_progressive": jpeg(picture, subsampling=0, progressive=True),
    "jpeg_progressive_420": jpeg(picture, subsampling=2, progressive=True),
    "jpeg_progressive_grey": jpeg(grey, progressive=True),
    "jpeg_restarts": jpeg(picture, subsampling=0, restart_marker_blocks=2),
    "jpeg_progressive_restarts": jpeg(picture, subsampling=2, progressive=True, restart_marker_blocks=1),
    "jpeg_optimized": jpeg(picture, subsampling=0, optimize=True),
    "jpeg_grey": jpeg(grey),
    "jpeg_grey_adobe": adobe(jpeg(grey), 0),
    "jpeg_rgb": rgb,
    "jpeg_rgb_by_name": without(rgb, [0xEE, 0xE0]),
    "jpeg_rgb_by_adobe": renamed(adobe(without(rgb, [0xE0]), 0), [1, 2, 3]),
    "jpeg_jfif_over_adobe": jfif(renamed(adobe(without(rgb, [0xE0]), 0), [1, 2, 3])),
    "jpeg_jfif_over_names": jfif(without(rgb, [0xEE, 0xE0])),
    "jpeg_adobe_over_names": adobe(without(rgb, [0xE0]), 1),
    "jpeg_unknown_transform": adobe(without(jpeg(picture, subsampling=0), [0xE0]), 7),
    "jpeg_no_signs": without(jpeg(picture, subsampling=0), [0xE0, 0xEE]),
    "jpeg_cmyk": cmyk,
    "jpeg_cmyk_no_adobe": without(cmyk, [0xEE]),
    "jpeg_ycck": adobe(cmyk, 2),
    "jpeg_ycck_1": adobe(cmyk, 1),
    "png_rgb": saved(picture, format="PNG"),
    "png_interlaced": png(RGB, 8, 2, interlaced=True),
    "png_rgba": saved(Image.fromarray(opaque), format="PNG"),
    "png_grey": saved(grey, format="PNG"),
    "png_grey_alpha": saved(Image.fromarray(opaque).convert("LA"), format="PNG"),
    "png_palette": saved(palette, format="PNG"),
    "png_palette_transparent": saved(palette, format="PNG", transparency=3),
    "png_bits": saved(grey.convert("1"), format="PNG"),
    "png_16_rgb": png(RGB.astype(np.uint16) * 257, 16, 2),
    "png_one_pixel": saved(picture.crop((3, 4, 4, 5)), format="PNG"),
    "png_animated": saved(picture, format="PNG", save_all=True, append_images=[picture.rotate(180)]),
}

tensors = {}
for name, data in files.items():
    image = Image.open(io.BytesIO(data))
    tensors[name] = np.frombuffer(data, np.uint8)
    tensors[name + ".rgb"] = np.asarray(image.convert("RGB"))
    tensors[name + ".grey"] = np.asarray(image.convert("L"))
save_file(tensors, pathlib.Path(__file__).parent / "pictures.safetensors")
