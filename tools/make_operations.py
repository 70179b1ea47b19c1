#!/usr/bin/env python3
"""Writes docs/operations.md: each operation, its operands, its gradient and the files that it stands in.

With --check, writes nothing and fails where the file is not what the sources say.
"""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
tensors = root / "Sources/Tensors"


def read(name):
    return (tensors / name).read_text()


def enumeration(text, name):
    """The cases of an enumeration with their comments, in order."""
    body = re.search(rf"\nenum {name}\b.*?{{\n(.*?)\n}}", text, re.S).group(1)
    body = re.split(r"\n\n  (?:var|func|public var)|\n  /// [^\n]*\n  (?:public )?var ", body)[0]
    cases, comment = [], []
    for line in body.split("\n"):
        line = line.strip()
        if line.startswith("///"):
            comment.append(line[3:].strip())
        elif match := re.match(r"case (.*)", line):
            for case in re.findall(r"(\w+)(?:\((?:[^()]|\([^()]*\))*\))?(?:, |$)", match.group(1)):
                cases.append((case, " ".join(comment)))
            comment = []
        else:
            comment = []
    return cases


def one_line(code):
    return re.sub(r"\s+", " ", code).replace("|", "\\|").strip()


def rules(text, start, end):
    """What each case of the switch between two lines gives, on one line, and the comment behind it."""
    found = {}
    body = text[text.index(start):]
    body = body[:body.index(end)]
    parts = re.split(r"\n    case ", body)[1:]
    for part in parts:
        match = re.match(r"((?:[^:(]|\((?:[^()]|\([^()]*\))*\))*):(.*)", part, re.S)
        names, rule = match.groups()
        comment = re.match(r"\s*// ([^\n]*)\n", rule)
        code = re.sub(r"//[^\n]*", "", rule)
        for name in re.findall(r"\.(\w+)", re.sub(r"\((?:let|_|\.)[^()]*\)", lambda m: m.group(0) if "." in m.group(0) else "", names)):
            found[name] = (one_line(code), comment.group(1) if comment else "")
    return found


def gradient(code, comment):
    """A short rule as it stands; of a longer one what it records and its comment."""
    code = re.sub(r"^return ", "", code.removesuffix(" }")).strip()
    if code in ("nil", "[]", "[nil]", "[nil, nil]"):
        return "none"
    if code == "break":
        return "of its definition"
    if match := re.match(r'throw TensorError\("\\\(name\) (.*?)"\)$', code):
        return match.group(1)
    if re.match(r"(let|var|guard) ", code) or len(code) > 120:
        recorded = re.findall(r"record(?:All)?\(\s*\.(\w+)", code)
        parts = [f"`{name}`" for name in dict.fromkeys(recorded)]
        text = " and ".join(parts) if parts else ""
        return text + (": " if text and comment else "") + comment or "see the rule"
    return f"`{code}`" + (f" ({comment})" if comment else "")


def link(path):
    return f"[{path.name}](../{path.relative_to(root)})"


def method(case, calls):
    """Where a tensor records the operation."""
    for path in sorted((tensors / "Tensor").glob("*.swift")):
        if re.search(rf"\b(?:{calls})\(\s*\.{case}\b", path.read_text()):
            return link(path)
    return ""


def definition(case):
    for path in sorted((tensors / "Operations").glob("Definitions*.swift")):
        if re.search(rf"\n    case \.{case}(?:\((?:[^()]|\([^()]*\))*\))?:\n", path.read_text()):
            return link(path)
    return ""


op, walk = read("Operations/Op.swift"), read("Autodiff/GradientRules.swift")
ops = rules(walk, "switch self {\n    case .data", "\n    return try gradientsOfDefinition")
reductions = {}
for match in re.finditer(r"case \.reduce\((\.?\w+), [^)]*\):(?:  // ([^\n]*))?\n?(.*?)(?=\n    case |\n\n)", walk, re.S):
    reductions[match.group(1).lstrip(".")] = (one_line(match.group(3)), match.group(2) or "")
def functions(kind):
    """The functions of one or two numbers: (name, comment), and the gradient of each."""
    cases, found = [], {}
    text = read(f"Operations/Elementwise/{kind}Functions.swift")
    for match in re.finditer(rf"((?:///[^\n]*\n)*)enum \w+: {kind}Function {{\n(.*?)\n}}\n", text, re.S):
        comment = " ".join(line[3:].strip() for line in match.group(1).split("\n") if line)
        body = match.group(2)
        name = re.search(r'name = "(\w+)"', body).group(1)
        rule = re.search(r"((?:  ///[^\n]*\n)*)  static func gradients?\([^{]*{(.*?)}(?=\n  \S|\n\n|$)", body, re.S)
        said = " ".join(line.strip()[3:].strip() for line in rule.group(1).split("\n") if line)
        cases.append((name, comment))
        found[name] = (one_line(rule.group(2)), said)
    return cases, found


(unary_cases, unary), (binary_cases, binary) = functions("Unary"), functions("Binary")

lines = [
    "# Operations", "",
    "Made by `tools/make_operations.py` from the sources; CI holds that it is up to date. `u` is the gradient of the loss with",
    "respect to the result (`upstream`), `x`, `a`, `b` and `inputs` are the operands, `y` is the result. Operations without a rule",
    "of their own are differentiated through their definition in other operations.", "",
    "Functions of one and of two numbers stand in [Elementwise](../Sources/Tensors/Operations/Elementwise) with all that is to be",
    "known of them. The other rules stand in [GradientRules.swift](../Sources/Tensors/Autodiff/GradientRules.swift), shapes and",
    "errors in [ShapeInference.swift](../Sources/Tensors/Operations/ShapeInference.swift).", "",
]


def table(title, cases, rules, calls, definitions=False):
    lines.extend([f"## {title}", ""])
    lines.extend(["| operation | operands and result | gradient | recorded in | definition |", "| --- | --- | --- | --- | --- |"]
                 if definitions else ["| operation | what it is | gradient | recorded in |", "| --- | --- | --- | --- |"])
    for case, comment in cases:
        if case not in rules:
            sys.exit(f"make_operations: no gradient rule was found for {case}")
        row = [f"`{case}`", comment.replace("|", "\\|"), gradient(*rules[case]), method(case, calls)]
        if definitions:
            row.append(definition(case))
        lines.append("| " + " | ".join(row) + " |")
    lines.append("")


table("Functions of one number", unary_cases, unary, "unary")
table("Functions of two numbers", binary_cases, binary, "binary")
table("Reductions", enumeration(op, "Reduction"), {
    case: reductions.get(case, reductions["_"]) for case, _ in enumeration(op, "Reduction")}, "reduced")
table("Other operations", [c for c in enumeration(op, "Op") if c[0] not in ("unary", "binary", "reduce")], ops, "record|recordAll",
      definitions=True)

page = "\n".join(lines)
file = root / "docs/operations.md"
if "--check" in sys.argv[1:]:
    if not file.exists() or file.read_text() != page:
        sys.exit("error: docs/operations.md is not what the sources say; run tools/make_operations.py")
else:
    file.write_text(page)
