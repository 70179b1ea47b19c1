"""Checks pages in a browser and their numbers; started by check-pages."""
import html.parser
import json
import pathlib
import re
import subprocess
import sys
import tempfile

# What is added to a copy of a page: it moves the pointer over each chart and measures the page.
PROBE = """
<script>
addEventListener("load", () => {
  const wrong = text => console.error("check: " + text);
  if (document.documentElement.scrollWidth > innerWidth)
    wrong(`the page is ${document.documentElement.scrollWidth} wide on a screen of ${innerWidth}: ` + [...document.querySelectorAll("main *")]
      .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll") && !e.closest("svg"))
      .slice(0, 3).map(e => e.outerHTML.slice(0, 80)).join(" | "));
  const channels = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number);
  const isDark = channels[0] + channels[1] + channels[2] < 384;
  if (isDark !== DARK) wrong(`the background is ${channels}, but the reader asked for ${DARK ? "dark" : "light"}`);
  for (const text of document.querySelectorAll("figure.chart text")) {
    const svg = text.ownerSVGElement.closest("figure > svg") || text.ownerSVGElement;
    if (!svg.getBoundingClientRect().width) continue;
    const size = parseFloat(getComputedStyle(text).fontSize) * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    if (size < 8 || size > 16) { wrong(`text of ${size} pixels at '${text.closest("figure").querySelector("strong").textContent}'`); break }
  }
  for (const cell of document.querySelectorAll("table.cells th, table.cells td, .pair th"))
    if (parseFloat(getComputedStyle(cell).fontSize) < 10) { wrong("small text in a matrix or a table of classes"); break }
  for (const name of document.querySelectorAll(".pair tbody th"))
    if (name.getBoundingClientRect().height > 110) { wrong(`'${name.textContent}' takes too many lines`); break }
  for (const figure of document.querySelectorAll("figure.chart")) {
    const svg = figure.querySelector("svg"), data = figure.querySelector("script.curves");
    if (!data || !JSON.parse(data.textContent).series.some(s => s.x.length)) continue;
    const box = svg.getBoundingClientRect();
    if (!box.width) continue;
    svg.dispatchEvent(new PointerEvent("pointermove", {clientX: box.left + box.width * 0.6, clientY: box.top + 20, bubbles: true}));
    const readout = figure.querySelector(".readout");
    if (!readout || readout.style.visibility !== "visible" || readout.children.length < 1)
      wrong("no read-out at '" + figure.querySelector("strong").textContent + "'");
    else if (readout.getBoundingClientRect().right > innerWidth + 1)
      wrong("the read-out at '" + figure.querySelector("strong").textContent + "' leaves the screen");
    svg.dispatchEvent(new PointerEvent("pointerleave"));
  }
  console.error("check: done");
});
</script>
"""
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844), "small": (360, 740)}


class Numbers(html.parser.HTMLParser):
    """The exact numbers of a page: `data-key` elements, and the data of curves."""

    def __init__(self, text):
        super().__init__()
        self.named, self.curves, self.inside = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "data-key" in attributes:
            self.named.append((attributes["data-key"], attributes["data-value"]))
        self.inside = tag == "script" and attributes.get("class") == "curves"
        if self.inside:
            self.text = ""

    def handle_data(self, data):
        if self.inside:
            self.text += data

    def handle_endtag(self, tag):
        if self.inside and tag == "script":
            self.curves += json.loads(self.text)["series"]
            self.inside = False


def chromium(browser, page, size, dark, *more):
    """Runs the browser on a page; returns its messages."""
    with tempfile.TemporaryDirectory() as profile:
        result = subprocess.run(
            [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
             f"--user-data-dir={profile}", "--enable-logging=stderr", "--log-level=0",
             f"--blink-settings=preferredColorScheme={0 if dark else 1}", f"--window-size={size[0]},{size[1]}",
             "--virtual-time-budget=4000", *more, pathlib.Path(page).resolve().as_uri()],
            capture_output=True, text=True, timeout=120)
    return re.findall(r"CONSOLE[^\"]*\"(.*)\", source", result.stderr), result


def check_page(browser, page, screenshots):
    """What is wrong with how a page looks and works."""
    problems = []
    text = page.read_text(encoding="utf-8")
    for address in re.findall(r"""(?:src|href)=["']([^"']*)""", text):
        if not address.startswith(("data:", "#")):
            problems.append(f"it names another file: {address[:60]}")
    with tempfile.TemporaryDirectory() as folder:
        for dark in (False, True):
            copy = pathlib.Path(folder) / f"{'dark' if dark else 'light'}.html"
            probe = PROBE.replace("DARK", "true" if dark else "false")
            copy.write_text(text.replace("</body>", probe + "</body>"), encoding="utf-8")
            for name, size in WIDTHS.items():
                messages, result = chromium(browser, copy, size, dark, "--dump-dom")
                if "check: done" not in messages:
                    problems.append(f"{name}, {copy.stem}: the page's scripts did not end: {result.stderr[-300:]}")
                problems += [f"{name}, {copy.stem}: {m}" for m in messages if m != "check: done"]
                if screenshots and name != "small":
                    height = 6000 if name == "desktop" else 9000
                    target = screenshots / f"{page.parent.name}-{page.stem}-{name}-{copy.stem}.png"
                    chromium(browser, page, (size[0], height), dark, f"--screenshot={target.resolve()}")
    return problems


def value(text):
    return {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": -float("inf")}.get(text) \
        if isinstance(text, str) and not re.match(r"^-?[0-9.]", text) else float(text)


def same(a, b):
    a, b = value(a), value(b)
    return a == b or (a != a and b != b)


def lookup(tree, path):
    """The value at `a/b/c` of nested objects, and of lists whose elements have a name; names may hold dots."""
    for name in path.split("/"):
        if isinstance(tree, list):
            tree = next((element for element in tree if element["name"] == name), None)
        elif not isinstance(tree, dict) or name not in tree:
            return None
        else:
            tree = tree[name]
    return tree


def check_numbers(page, run):
    """Which numbers of a report are not those of the run's files."""
    problems = []
    numbers = Numbers(page.read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    record = json.loads((run / "run.json").read_text())
    count = 0
    for curve in numbers.curves:
        if "key" not in curve:
            continue
        known = {}
        for line in lines:
            found = lookup(line, curve["key"])
            if found is not None:
                known.setdefault(float(line["step"]), []).append(found)
        if not curve["x"]:
            problems.append(f"the curve {curve['key']} is empty")
        for x, y in zip(curve["x"], curve["y"]):
            count += 1
            if not any(same(y, other) for other in known.get(float(x), [])):
                problems.append(f"{curve['key']} is {y} at step {x}, but {known.get(float(x))} in metrics.jsonl")
    for key, shown in numbers.named:
        source, _, path = key.partition(":")
        if source == "run":
            count += 1
            found = lookup(record, path)
            if found is None or not same(shown, found):
                problems.append(f"{path} is {shown}, but {found} in run.json")
    if count < 20:
        problems.append(f"only {count} numbers could be compared")
    return problems[:10]


def check_comparison(page, results):
    """Which numbers of a comparison's page are not those of its results."""
    problems, count = [], 0
    for key, shown in Numbers(page.read_text(encoding="utf-8")).named:
        *names, field = key.split(".")
        for row in results:
            if names == [row[name] for name in ("surface", "optimizer") if name in row]:
                count += 1
                if not same(shown, row[field]):
                    problems.append(f"{key} is {shown}, but {row[field]} in results.json")
    if count < 2 * len(results):
        problems.append(f"only {count} numbers could be compared")
    return problems[:10]


def train(backprop, folder):
    """Small runs of each kind, a comparison of runs, and the pages of `explain` and `compare`."""
    runs = {
        "digits-cnn": ["image", "--data", "digits", "--model", "cnn", "--epochs", "4"],
        "digits-attention": ["image", "--data", "digits", "--model", "attention", "--epochs", "3"],
        "numbers-transformer": ["text", "--model", "transformer", "--layers", "2", "--width", "64", "--steps", "200"],
        "numbers-lstm": ["text", "--steps", "100"],
    }
    for name, classes in {"price": 0, "few-kinds": 3, "many-kinds": 36}.items():
        data = folder / f"{name}.csv"
        target = (lambda i: str(3 * (i % 17) + i % 5)) if not classes else (lambda i: f"a long name of kind {i % classes}, Österreich")
        data.write_text("x,y,color,target\n" + "\n".join(
            f"{i % 17},{i * 7 % 36 + i % 3},{'red' if i % 4 else 'blue'},\"{target(i)}\"" for i in range(720)))
        runs[name] = ["table", "--data", str(data), "--target", "target", "--epochs", "5"]
    for name, flags in runs.items():
        subprocess.run(
            [backprop, "train", *flags, "--seed", "0", "--quiet", "--output", str(folder / name)], check=True,
            stdout=subprocess.DEVNULL)
    pair = [str(folder / "digits-cnn"), str(folder / "digits-attention")]
    subprocess.run([backprop, "report", *pair, "--output", str(folder / "both.html")], check=True)
    subprocess.run(
        [backprop, "explain", "--optimizer", "adam", "--output", str(folder / "explain.html")], check=True,
        stdout=subprocess.DEVNULL)
    comparisons = {"sparse": "sgd,adagrad", "surface": "sgd,momentum,nesterov,adagrad,rmsprop,adam,adamw,adamax,nadam"}
    for task, optimizers in comparisons.items():
        subprocess.run(
            [backprop, "compare", "--task", task, "--optimizers", optimizers, "--seeds", "2", "--output",
             str(folder / f"compare-{task}")], check=True, stdout=subprocess.DEVNULL)
    return ([folder / name for name in runs] + [folder / "both.html", folder / "explain.html"]
            + [folder / f"compare-{task}" / "report.html" for task in comparisons])


def main():
    browser, backprop, *arguments = sys.argv[1:]
    screenshots = None
    if arguments[:1] == ["--screenshots"]:
        screenshots = pathlib.Path(arguments[1])
        screenshots.mkdir(parents=True, exist_ok=True)
        arguments = arguments[2:]
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        targets = [pathlib.Path(a) for a in arguments] or train(backprop, pathlib.Path(folder))
        for target in targets:
            page = target / "report.html" if target.is_dir() else target
            problems = check_page(browser, page, screenshots)
            if target.is_dir():
                problems += check_numbers(page, target)
            elif (results := page.parent / "results.json").exists():
                problems += check_comparison(page, json.loads(results.read_text()))
            for problem in problems:
                print(f"error: {target.name}: {problem}", file=sys.stderr)
            failed |= bool(problems)
            if not problems:
                print(f"check-pages: {target.name} is right", file=sys.stderr)
    sys.exit(failed)


main()
