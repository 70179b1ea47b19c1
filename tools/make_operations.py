#!/usr/bin/env python3
"""Writes docs/operations.md: what each operation is, its gradient, and whether it has a kernel of its own.

With --check, writes nothing and fails where the file is not what the sources say.
"""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
operations = root / "Sources/Tensors/Operations"
kinds = {
    "LeafOperation": "leaf", "ElementwiseOperation": "elementwise", "PrimitiveOperation": "primitive",
    "CompositeOperation": "composite", "KernelOperation": "composite", "MatrixOperation": "primitive",
}
# These two stand for the functions that they apply, which have tables of their own.
families = {"Unary": "UnaryFunction", "Binary": "BinaryFunction"}
longest_rule = 60

introduction = """# Operations

Made by `tools/make_operations.py` from the sources; CI holds that it is up to date. Each operation stands in one file with its
types, errors, definition or reference, gradient, kernel and public method. `u` is the gradient of the loss with respect to the
result, `y` is the result, `x`, `a` and `b` are operands.

| kind | what it is |
| --- | --- |
| leaf | what a graph begins with |
| primitive | defined by its reference, a plain loop |
| elementwise | a primitive that fused kernels compute, one element at a time |
| composite | defined by other operations |

A composite operation has a kernel of its own or is replaced by its definition, and is differentiated through its definition where
it has no rule. Primitives without a kernel are another view of their operand, constants, or copies by a fused kernel.
"""


def fail(path, message):
    sys.exit(f"error: {path.relative_to(root)}: {message}")


def declarations(path, keyword, protocols):
    """(name, protocols, doc comment, body) of the types in a file that conform to one of these protocols."""
    pattern = rf"((?:^///[^\n]*\n)*)^{keyword} (\w+): ([\w, ]+?) {{\n(.*?)^}}"
    for doc, name, conformances, body in re.findall(pattern, path.read_text(), re.M | re.S):
        found = [kind for kind in conformances.split(", ") if kind in protocols]
        if found:
            yield name, found[0], doc, body


def text(doc):
    """A doc comment on one line, without its sources."""
    paragraphs = "\n".join(line.strip()[3:].strip() for line in doc.splitlines()).split("\n\n")
    kept = [part.replace("\n", " ") for part in paragraphs if not part.startswith("Source:")]
    return " ".join(part if part.endswith((".", ":")) or part is kept[-1] else part + "." for part in kept)


def gradient(path, name, body):
    """The comment of the rule, or the rule itself where it is short; `None` where there is none."""
    rule = re.search(r"((?:^  ///[^\n]*\n)*)^  (?:static )?func gradients?\([^{]*{(.*?)(?: }$|^  })", body, re.M | re.S)
    if not rule:
        return None
    code = " ".join(rule[2].split())
    code = code.replace("step.upstream", "u").replace("step.operands[0]", "x").replace("step.", "")
    if failure := re.match(r'throw TensorError\("\w+ has no derivative: (.*)"\)$', code):
        return f"none: {failure[1]}"
    if rule[1]:
        return text(rule[1])
    if re.fullmatch(r"nil|\[(nil(, nil)*)?\]", code):
        return "none"
    if len(code) > longest_rule:
        fail(path, f"the gradient of {name} is long and has no doc comment")
    single = re.fullmatch(r"\[([^,]*)\]", code)
    return f"`{single[1] if single else code}`"


def in_messages(name, body):
    """The operation's name in messages and profiles."""
    if named := re.search(r'var name: String {(.*?)(?: }$|^  })|static let name = (".*?")', body, re.M | re.S):
        if names := re.findall(r'"(.*?)"', named[1] or named[2]):
            return ", ".join(re.sub(r" ?\\\(.*?\)", "", name) for name in names)
    return name[0].lower() + name[1:]


def kernel(kind, body):
    if kind == "ElementwiseOperation":
        return "fused"
    if kind == "MatrixOperation":
        return "LAPACK"
    return "yes" if re.search(r"lowering\.(emit(?!Copy)\w*\(|steps\.append)", body) else ""


def row(*cells):
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def table(path, header, found):
    """The rows of the declarations in a file or a folder."""
    rows = list(found)
    return ["", row(*header), row(*["---"] * len(header)), *rows] if rows else []


def operation_rows(folder):
    for path in sorted(folder.glob("*.swift")):
        for name, kind, doc, body in declarations(path, "struct", kinds):
            if name in families:
                continue
            rule = gradient(path, name, body)
            if rule is None:
                rule = {"leaf": "none", "composite": "of its definition"}.get(kinds[kind])
            if not doc or rule is None:
                fail(path, f"{name} has no doc comment, or no gradient was found")
            link = f"[`{in_messages(name, body)}`](../{path.relative_to(root)})"
            yield row(link, kinds[kind], text(doc), rule, kernel(kind, body))


def function_rows(path, protocol):
    for name, _, doc, body in declarations(path, "enum", [protocol]):
        rule = gradient(path, name, body)
        if not doc or rule is None:
            fail(path, f"{name} has no doc comment, or no gradient was found")
        yield row(f"`{in_messages(name, body)}`", text(doc), rule, "yes" if "integerInstruction" in body else "")


def library_rows(path):
    for name, _, doc, body in declarations(path, "enum", ["UnaryLibraryFunction", "LibraryFunction", "BitFunction"]):
        yield row(f"`{in_messages(name, body)}`", text(doc), gradient(path, name, body) or "none")


lines = [introduction.rstrip("\n")]
for folder in sorted(path for path in operations.iterdir() if path.is_dir()):
    lines += ["", f"## {folder.name}"]
    lines += table(folder, ["operation", "kind", "what it is", "gradient", "kernel"], operation_rows(folder))
    if folder.name == "Elementwise":
        for family, protocol in families.items():
            path = folder / f"{protocol}s.swift"
            numbers = "one number" if family == "Unary" else "two numbers"
            lines += ["", f"Functions of {numbers}: [`{family}`](../{path.relative_to(root)})"]
            lines += table(path, ["function", "what it is", "gradient", "also int32"], function_rows(path, protocol))

    if folder.name == "Mathematics":
        path = folder / "LibraryFunctions.swift"
        lines += ["", f"Functions of the C library: [`LibraryCall`](../{path.relative_to(root)})"]
        lines += table(path, ["function", "what it is", "gradient"], library_rows(path))

page = "\n".join(lines) + "\n"
file = root / "docs/operations.md"
if "--check" in sys.argv[1:]:
    if not file.exists() or file.read_text() != page:
        sys.exit("error: docs/operations.md is not what the sources say; run tools/make_operations.py")
else:
    file.write_text(page)
