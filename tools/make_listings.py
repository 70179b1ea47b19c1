#!/usr/bin/env python3
"""Writes Tests/ListingTests: the Swift listings of README.md, docs/*.md, the DocC articles and documentation comments.

With --check, writes nothing and fails where a file is not what the documents say.

A document is one test, its listings in order. These comments of Markdown, which readers do not see, change that:

    <!-- test: name -->                 Here begins another test.
    <!-- swift                          Lines of code that a test needs and a reader does not: sample data before a
    try makeBook()                      listing, `#expect(…)` after one.
    -->
    <!-- replace: `a` with `b` -->      In the next listing, to make it quick; `a` must be there.
    <!-- listing of: Sources/X.swift -->    The listings in the documentation comments of that file.

A comment `// prints 0.5` on the line of a statement, or below it for several lines, is expected of `print`; an ellipsis
in it stands for anything. Types, extensions and functions at the margin go to the top level of the file. A program is a
type with `@main`, whose `main` is called.
"""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
tests = root / "Tests/ListingTests"
documents = [
    root / "README.md", *sorted(root.glob("docs/*.md")), *sorted(root.glob("Sources/*/*.docc/**/*.md")),
    root / "tools/comments.md", root / "tools/TrainingComments.md"]
sources = sorted(root.glob("Sources/**/*.swift"))

FENCE = "```swift"
PART = re.compile(
    r"^```swift\n(?P<listing>.*?)^```$|^<!-- (?P<keyword>test:|replace:|listing of:|swift\n)(?P<comment>.*?)-->",
    re.M | re.S)
COMMENT_LISTING = re.compile(r"^ */// ```swift\n(.*?)^ */// ```$", re.M | re.S)
DECLARATION = re.compile(
    r"(?P<main>@main\s+)?(?P<attributes>(?:@\w+(?:\([^)]*\))?\s+)*)(?:(?:public|open) )*"
    r"(?P<words>(?:(?:final|indirect) )*(?P<kind>struct|class|enum|protocol|actor|extension|func|typealias) (?P<name>\w+))")
PRINTS = re.compile(r"^(?P<code>.*?\S)?\s*// prints (?P<text>.*)$")


def fail(path, text, position, message):
    sys.exit(f"error: {path.relative_to(root)}:{text.count(chr(10), 0, position) + 1}: {message}")


def listings_of(source):
    """The listings in the documentation comments of a file."""
    text = source.read_text() if source.exists() else ""
    found = COMMENT_LISTING.findall(text)
    if text.count("/// " + FENCE) != len(found):
        fail(source, text, text.index(FENCE), "a listing in this file does not end with a line of its own")
    return [re.sub(r"^ */// ?", "", listing, flags=re.M).rstrip("\n") for listing in found]


def parts(path):
    """The tests of a document: (name, code) of each."""
    text = path.read_text()
    found, replacements = [], []
    matches = list(PART.finditer(text))
    if text.count(FENCE) != sum(match["listing"] is not None for match in matches):
        fail(path, text, text.index(FENCE), "a listing in this file does not begin and end at the margin")
    for match in matches:
        keyword = (match["keyword"] or "").strip()
        if keyword == "test:":
            found.append((match["comment"].strip(), []))
        elif keyword == "replace:":
            replacements += re.findall(r"`(.*?)` with `(.*?)`", match["comment"], re.S)
        elif keyword == "listing of:":
            source = root / match["comment"].strip()
            if not listings_of(source):
                fail(path, text, match.start(), f"there is no listing in {match['comment']}")
            included.add(source)
            found[-1][1].extend(listings_of(source))
        else:
            code = match["comment"] if match["listing"] is None else match["listing"]
            if match["listing"] is not None:
                for old, new in replacements:
                    if old not in code:
                        fail(path, text, match.start(), f"there is no `{old}` to replace in the listing")
                    code = code.replace(old, new)
                replacements = []
            if not found:
                found.append(("", []))
            found[-1][1].append(code.rstrip("\n"))
    return [(name, "\n\n".join(code)) for name, code in found if code]


def chunks(code):
    """The code's declarations at the margin, with the comments above them, and the lines between them."""
    lines, at, comments = code.split("\n"), 0, []
    while at < len(lines):
        if re.match(r"///|// (?!prints )|@\w+(\([^)]*\))?$", lines[at]):
            comments.append(lines[at])
            at += 1
        elif DECLARATION.match("\n".join([*(line for line in comments if line[0] == "@"), lines[at]])):
            is_one_line = lines[at].count("{") == lines[at].count("}") and ("{" in lines[at] or "typealias" in lines[at])
            end = at if is_one_line else lines.index("}", at)
            yield True, [*comments, *lines[at:end + 1]]
            comments, at = [], end + 1
        else:
            yield False, [*comments, lines[at]]
            comments, at = [], at + 1
    yield False, comments


def expectations(lines):
    """The lines, with a call that checks what was printed in place of each comment that says it."""
    result, printed, indent = [], [], ""

    def flush():
        if printed:
            separator = "\n" + indent + "  " if len(printed) > 1 else ""
            arguments = f",{separator}".join(quoted(line) for line in printed)
            result.append(f"{indent}expectPrinted({separator}{arguments})")
            printed.clear()

    for line in lines:
        if match := PRINTS.match(line):
            if match["code"]:
                flush()
                result.append(match["code"])
            indent = re.match(" *", line)[0]
            printed.append(match["text"])
        elif printed and (match := re.match(r" *// ?(.*)$", line)) and not result[-1].startswith("//"):
            printed.append(match[1])
        else:
            flush()
            result.append(line)
    flush()
    return result


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def identifier(words):
    """A test's function, which must not be called as what it shows."""
    words = [*re.findall(r"\w+", words), "listing"]
    return words[0][0].lower() + words[0][1:] + "".join(word[0].upper() + word[1:] for word in words[1:])


def file_of(path):
    """The generated file of a document: its name and its text; `None` where there is no listing."""
    imports, declarations, functions = {"Backprop", "Testing"}, [], []
    for name, code in parts(path):
        body = []
        for is_declaration, lines in chunks(code):
            if not is_declaration:
                imports |= {line.split()[-1] for line in lines if line.startswith("import ")}
                body += [line for line in lines if not line.startswith("import ")]
                continue
            text = "\n".join(lines)
            match = next(DECLARATION.finditer(text, text.index(next(line for line in lines if line[:2] != "//"))))
            if match["main"]:
                call = "try await" if "func main() async" in text else "try"
                body.append(f"{call} {match['name']}.main()")
            private = "" if match["kind"] == "extension" else "private "
            declarations.append(
                text[:match.start()] + match["attributes"] + private + match["words"] + text[match.end():])
        body = "\n".join(expectations(body)).strip("\n").split("\n")
        effects = "async throws" if re.search(r"\bawait\b", "\n".join(body)) else "throws"
        body = re.sub(r"\n{3,}", "\n\n", "\n".join("  " + line if line else "" for line in body))
        functions.append(f"@Test func {identifier(name)}() {effects} {{\n{body}\n}}\n")
    if not functions:
        return None
    stem = path.stem.capitalize() if path.stem.isupper() else path.stem[0].upper() + path.stem[1:]
    name = re.sub(r"\W", "", stem) + "Listings"
    header = f"// Made by tools/make_listings.py from {path.relative_to(root)}, where changes belong.\n"
    header += "\n".join(f"import {module}" for module in sorted(imports))
    suite = "\n".join("".join("  " + line + "\n" if line else "\n" for line in function.rstrip("\n").split("\n"))
                      for function in functions)
    return f"{name}.swift", "\n\n".join([
        header, *declarations, f"@Suite struct {name} {{\n{suite}}}\n"])


if sys.argv[1:] not in ([], ["--check"]):
    sys.exit(__doc__.strip())
included = set()  # sources whose listings are part of a document
made = dict(filter(None, map(file_of, documents)))
for source in sources:
    if source not in included and listings_of(source):
        sys.exit(f"error: {source.relative_to(root)} has a listing; tools/comments.md should say how to run it")
old = {path.name: path.read_text() for path in tests.glob("*Listings.swift")}
if sys.argv[1:]:
    for name in sorted(made.keys() | old.keys()):
        if made.get(name) != old.get(name):
            print(f"error: {name} is not what the documents say; run tools/make_listings.py", file=sys.stderr)
    sys.exit(made != old)
for name in old.keys() - made.keys():
    (tests / name).unlink()
for name, text in made.items():
    (tests / name).write_text(text)
