#!/usr/bin/env python3
"""Packs digits.csv.gz (64 pixels from 0 to 16 and the class, a line each) into Sources/Datasets/Resources/digits.bin.

Usage: tools/pack_digits.py path/to/digits.csv.gz
"""

import gzip
import pathlib
import sys
import zlib

COUNT = 1797
TARGET = pathlib.Path(__file__).resolve().parent.parent / "Sources/Datasets/Resources/digits.bin"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with gzip.open(sys.argv[1], "rt", encoding="ascii") as file:
        rows = [[int(float(cell)) for cell in line.split(",")] for line in file if line.strip()]
    if len(rows) != COUNT or any(len(row) != 65 for row in rows):
        sys.exit(f"{sys.argv[1]} should have {COUNT} lines of 65 numbers")
    if any(not 0 <= pixel <= 16 for row in rows for pixel in row[:64]) or any(not 0 <= row[64] <= 9 for row in rows):
        sys.exit(f"{sys.argv[1]} should have pixels from 0 to 16 and classes from 0 to 9")
    pixels = bytes(pixel for row in rows for pixel in row[:64])
    labels = bytes(row[64] for row in rows)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(zlib.compress(pixels + labels, 9))
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
