"""How were the lab's small files made?

``python -m project.lab.generate`` writes the picture and the font anew; the font needs fontTools (``pip
install fonttools``), which nothing else here does. The film was made of the picture, by ffmpeg:

    ffmpeg -loop 1 -i picture.png -frames:v 4 -r 4 -c:v libvpx -b:v 20k -pix_fmt yuv420p
      -fflags +bitexact -flags:v +bitexact clip.webm

Before you edit: the picture's left half is opaque and its right half is transparent, and the font's letters
are five ems wide; that is what the rows measure.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

FILES = Path(__file__).resolve().parent / "files"
SIDE = 64
UNITS = 1000
"""Of the font, to an em."""


def picture() -> bytes:
    """A PNG with a blue half and a transparent one."""
    row = b"\0" + b"\x1f\x6f\xeb\xff" * (SIDE // 2) + b"\0" * 4 * (SIDE // 2)
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * SIDE, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def write_font(target: Path) -> None:
    """A font that has the letters from a to z, all of them one wide bar."""
    from fontTools.fontBuilder import FontBuilder  # noqa: PLC0415 - needed here only
    from fontTools.pens.ttGlyphPen import TTGlyphPen  # noqa: PLC0415 - the same

    pen = TTGlyphPen(None)
    corners = ((0, 0), (0, 700), (4900, 700), (4900, 0))
    pen.moveTo(corners[0])
    for corner in corners[1:]:
        pen.lineTo(corner)
    pen.closePath()
    bar = pen.glyph()
    builder = FontBuilder(UNITS, isTTF=True)
    builder.setupGlyphOrder([".notdef", "bar"])
    builder.setupCharacterMap(dict.fromkeys(range(ord("a"), ord("z") + 1), "bar"))
    builder.setupGlyf({".notdef": bar, "bar": bar})
    builder.setupHorizontalMetrics({".notdef": (5000, 0), "bar": (5000, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Lab Wide", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.save(target)


if __name__ == "__main__":
    (FILES / "picture.png").write_bytes(picture())
    write_font(FILES / "wide.ttf")
