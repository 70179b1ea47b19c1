#!/usr/bin/env python3
"""Writes Sources/Datasets/Tokenizers/BytePairs/UnicodeClassTable.swift: letters, numbers and white space.

The table says how Python's `tokenizers` sees each Unicode scalar in the pattern of GPT-2 (\\p{L}, \\p{N}, \\s). It is
asked scalar by scalar, so that both split alike, whatever version of Unicode the Swift library on a machine has.

Run it with Python and tokenizers installed:  python tools/make_unicode_classes.py
"""

import pathlib

from tokenizers import pre_tokenizers

FILE = (pathlib.Path(__file__).resolve().parent.parent
        / "Sources" / "Datasets" / "Tokenizers" / "BytePairs" / "UnicodeClassTable.swift")
OTHER, LETTER, NUMBER, SPACE = range(4)
BYTE_LEVEL = pre_tokenizers.ByteLevel(add_prefix_space=False)


def class_of(value):
    if 0xD800 <= value < 0xE000:
        return OTHER
    for probe, result in (("a", LETTER), ("1", NUMBER), ("!", OTHER)):
        # A scalar stays with one of its own class, and with no other.
        if len(BYTE_LEVEL.pre_tokenize_str(probe + chr(value))) == 1:
            return result
    return SPACE


def main():
    classes = [class_of(value) for value in range(0x110000)]
    starts = [value for value in range(0x110000) if value == 0 or classes[value] != classes[value - 1]]
    words = [f"0x{start << 2 | classes[start]:X}" for start in starts]
    lines, line = [], "   "
    for word in words:
        if len(line) + len(word) + 2 > 120:
            lines.append(line)
            line = "   "
        line += f" {word},"
    lines.append(line)
    FILE.write_text(
        "// Written by tools/make_unicode_classes.py.\n\n"
        "extension UnicodeClass {\n"
        "  /// Where in Unicode each run of scalars of one class begins, times four, and the class, in order.\n"
        "  static let runs: [UInt32] = [\n" + "\n".join(lines) + "\n  ]\n}\n")


if __name__ == "__main__":
    main()
