#!/usr/bin/env python3
"""Writes docs/coverage.md: what users of PyTorch and Keras find here, by the list in tools/coverage/names.txt.

Usage: tools/make_coverage.py [--check] [FOLDER], with the symbol graphs that scripts/symbol-graph writes (it is run where
no folder is given). A name of the list counts as here where each of its symbols is public in the library. With --check,
nothing is written, and it fails where the page is not up to date.
"""
import json
import pathlib
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parent.parent
page = root / "docs" / "coverage.md"


def areas(text):
    """(area, [(name, [symbol, …] or None, reason or None)]) of the list."""
    result = []
    kind, reason = "pairs", None
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            result.append((line[1:-1], []))
            kind = "pairs"
            continue
        if line.startswith("no: "):
            kind, (reason, line) = "no", line[4:].rsplit(": ", 1)
        elif line.startswith("yet: "):
            kind, line = "yet", line[5:]
        for word in line.split():
            name, _, symbols = word.partition("=")
            entry = {"pairs": (name, symbols.split(","), None), "no": (name, None, reason), "yet": (name, None, None)}
            result[-1][1].append(entry[kind])
    return result


def public_names(folder):
    """The paths of public symbols without the labels of parameters, such as Tensor.softmax."""
    names = set()
    for path in folder.glob("*/*.symbols.json"):
        for symbol in json.loads(path.read_text())["symbols"]:
            parts = [part.split("(")[0] for part in symbol["pathComponents"]]
            names.add(".".join(parts))
    return names


arguments = sys.argv[1:]
if arguments[:1] in (["-h"], ["--help"]):
    sys.exit(__doc__.strip())
is_check = "--check" in arguments
arguments = [argument for argument in arguments if argument != "--check"]
if arguments:
    folder = pathlib.Path(arguments[0])
else:
    made = subprocess.run([root / "scripts/symbol-graph"], stdout=subprocess.PIPE, text=True)
    if made.returncode:
        sys.exit(made.returncode)
    folder = root / made.stdout.strip()
public = public_names(folder)
if len(public) < 500:
    sys.exit(f"error: {folder} does not have the symbol graphs of the library")

summary, details = [], []
for area, entries in areas((root / "tools/coverage/names.txt").read_text()):
    here = [(name, symbols) for name, symbols, _ in entries if symbols and all(s in public for s in symbols)]
    reasons = {}
    for name, symbols, reason in entries:
        if reason:
            reasons.setdefault(reason, []).append(name)
    missing = [name for name, symbols, reason in entries if not reason and (not symbols or any(s not in public for s in symbols))]
    count = len(entries)
    excluded = sum(map(len, reasons.values()))
    summary.append(
        f"| `{area}` | {count} | {len(here)} | {excluded} | {len(missing)} | {len(here) / max(count - excluded, 1):.0%} |")
    details += [f"## {area}", "", "| there | here |", "| --- | --- |"]
    details += [f"| `{name}` | {', '.join(f'`{s}`' for s in symbols)} |" for name, symbols in here]
    details += [""]
    for reason, names in reasons.items():
        details += [f"Not here, {reason}: {', '.join(f'`{n}`' for n in names)}.", ""]
    if missing:
        details += [f"Not here yet: {', '.join(f'`{n}`' for n in missing)}.", ""]

text = "\n".join([
    "# What users of PyTorch and Keras find here", "",
    "The names are those of PyTorch 2.15, torchvision 0.29 and Keras 3; `tools/make_coverage.py` writes this page from",
    "`tools/coverage/names.txt` and the library's public symbols. The share is that of the names that can be here.", "",
    "| area | names | here | not for this library | not yet | share |", "| --- | ---: | ---: | ---: | ---: | ---: |", *summary,
    "", *details]).rstrip() + "\n"
if not is_check:
    page.write_text(text)
elif not page.exists() or page.read_text() != text:
    sys.exit("error: docs/coverage.md is not up to date; run tools/make_coverage.py")
