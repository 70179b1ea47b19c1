"""Corrupts small files of every format and runs the subcommand that reads them; see `scripts/check-files`.

Arguments: the command, an empty folder, how many corrupt files, a seed, the number of the first (0). File number i depends on the seed and i alone,
so a failure is reproduced by its number and a count of 1. Failed files stay in the folder `runs/check-files`.
"""

import concurrent.futures
import gzip
import json
import os
import random
import re
import resource
import shutil
import struct
import subprocess
import sys
import zlib

MEMORY = 4194304 * 1024  # as `ulimit -v 4194304`
SECONDS = 20
INTERNALS = re.compile(
    r"CodingKeys|Error Domain|Optional\(|NSCocoa|internal error|DecodingError|Fatal error|stringValue|UserInfo"
    r"|[\x00-\x08\x0b-\x1f\x7f]")
NUMBERS = ["0", "-1", "1", "3", "255", "65536", "22000", "16777217", "2147483648", "4294967296", "9223372036854775807",
           "9223372036854775808", "1e308", "1e999", "0.5", "-0", "01", "1e", "NaN", "null", "true", '""', "[]", "{}",
           '"\\u001b[31m"', '"\\ud800"']
SIZES = [0, 1, 2, 3, 127, 128, 255, 256, 65535, 65536, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 1]


def idx(shape, values):
    return struct.pack(">BBBB", 0, 0, 8, len(shape)) + b"".join(struct.pack(">I", n) for n in shape) + bytes(values)


def run(command, arguments, folder, seconds=SECONDS):
    """The exit status, what was printed, and what was wrong with it, if anything."""
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    try:
        done = subprocess.run([command, *arguments], cwd=folder, env=environment, preexec_fn=limit, timeout=seconds,
                              stdin=subprocess.DEVNULL, capture_output=True)
    except subprocess.TimeoutExpired:
        return None, "", f"did not end within {seconds} s"
    errors = done.stderr.decode("utf-8", "replace")
    if done.returncode not in (0, 1, 2):
        return done.returncode, errors, f"ended with {done.returncode}"
    if done.returncode and not re.search(r"^error: .{15,}", errors, re.M):
        return done.returncode, errors, "gave no sentence"
    found = INTERNALS.search(errors)
    if found:
        return done.returncode, errors, f"printed {found.group()!r}"
    return done.returncode, errors, None


def make_templates(command, folder):
    """Valid files: name of the case → (files of its folder, which of them are corrupted, arguments)."""
    def train(kind, name, *flags):
        arguments = ["train", kind, "--seed", "1", "--quiet", "--json", "--output", name, *flags]
        status, errors, _ = run(command, arguments, folder, 600)
        if status != 0:
            sys.exit(f"error: a training for check-files failed with {status}: {errors}")
        return {f"r/{os.path.relpath(os.path.join(at, file), os.path.join(folder, name))}":
                open(os.path.join(at, file), "rb").read()
                for at, _, files in os.walk(os.path.join(folder, name)) for file in files}

    data = {}
    for part, count in (("train", 40), ("t10k", 10)):
        data[f"d/{part}-images-idx3-ubyte"] = idx([count, 5, 4], random.Random(1).randbytes(20 * count))
        data[f"d/{part}-labels-idx1-ubyte"] = idx([count], [n % 3 for n in range(count)])
    packed = {f"{name}.gz": gzip.compress(contents[:50], mtime=0) + gzip.compress(contents[50:], mtime=0)
              for name, contents in data.items()}
    for name, contents in data.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "wb").write(contents)
    text = " ".join(str(n * n) for n in range(200)).encode()
    open(os.path.join(folder, "text"), "wb").write(text)

    steps = ["--steps", "2", "--batch-size", "4", "--checkpoint-steps", "1", "--patience", "3"]
    image = train("image", "image", "--data", "d", "--model", "mlp", *steps)
    normed = train("image", "normed", "--data", "d", "--model", "resnet20", *steps)
    small = ["--data", "text", "--width", "8", "--layers", "1", "--context", "8", *steps]
    texts = {name: {**train("text", name, *small, *flags), "text": text} for name, flags in {
        "character": ["--model", "lstm"], "pairs": ["--model", "transformer", "--heads", "2", "--tokenizer", "bpe:280"],
        "byte": ["--model", "mlp", "--tokenizer", "byte"]}.items()}

    rows = "\n".join(f"{n % 7},{'ab'[n % 2]},2026-01-{n % 28 + 1:02},{n * n % 31}.5" for n in range(40))
    table = ("size,kind,when,y\n" + rows + "\n").encode()
    open(os.path.join(folder, "table"), "wb").write(table)
    tables = {**train("table", "table-run", "--data", "table", "--target", "y", "--width", "4", *steps), "table": table}

    picture = bytes(range(0, 200, 10))
    cases = {}
    for name, run_files in (("image", image), ("resnet", normed)):
        files = {**run_files, **data}
        cases[f"{name} model.json"] = (files, ["r/model.json"], ["evaluate", "r"])
        cases[f"{name} summary"] = (files, ["r/model.json"], ["summary", "r"])
        cases[f"{name} weights"] = (files, ["r/weights.safetensors"], ["evaluate", "r"])
        cases[f"{name} run.json"] = (files, ["r/run.json"], ["evaluate", "r"])
        checkpoints = [file for file in files if "checkpoint" in file]
        cases[f"{name} checkpoint"] = (files, checkpoints, ["train", "image", "--resume", "--output", "r"])
    cases["idx"] = ({**image, **data}, list(data), ["evaluate", "r", "--data", "d"])
    cases["idx.gz"] = ({**image, **packed}, list(packed), ["evaluate", "r", "--data", "d"])
    for name, contents in (("P5", b"P5 # c\n4 5 255\n" + picture), ("P5 wide", b"P5 4 5 999\n" + picture * 2),
                           ("P2", b"P2\n4 5\n255\n" + b" ".join(b"%d" % n for n in picture)),
                           ("P6", b"P6\n4 5 255\n" + picture * 3), ("two", 2 * (b"P5 4 5 255\n" + picture + b"\n"))):
        cases[name] = ({**image, "p": contents}, ["p"], ["predict", "r", "p"])
    seeds = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../Tests/Fixtures/fuzz")
    for name in ("png/png-rgb-8-interlaced", "png/png-palette-4-transparent", "jpeg/jpeg-420", "exif/jpeg-orientation-6"):
        cases[name] = ({**image, "p": open(os.path.join(seeds, name), "rb").read()}, ["p"], ["predict", "r", "p"])
    cases["predict idx"] = ({**image, "p": data["d/t10k-images-idx3-ubyte"]}, ["p"], ["predict", "r", "p", "--index", "3"])
    cases["table"] = (tables, ["table"], ["evaluate", "r", "--data", "table"])
    cases["table predict"] = (tables, ["table"], ["predict", "r", "table", "--json"])
    cases["table train"] = (tables, ["table"], ["train", "table", "--data", "table", "--target", "y", *steps])
    cases["table preparation"] = (tables, ["r/preparation.json"], ["evaluate", "r"])
    cases["table model.json"] = (tables, ["r/model.json"], ["evaluate", "r"])
    cases["table run.json"] = (tables, ["r/run.json"], ["evaluate", "r"])
    for name, files in texts.items():
        cases[f"{name} tokenizer"] = (files, ["r/tokenizer.json"], ["generate", "r", "--tokens", "5", "--prompt", "12"])
        cases[f"{name} model.json"] = (files, ["r/model.json"], ["evaluate", "r"])
        cases[f"{name} generate"] = (files, ["r/model.json"], ["generate", "r", "--tokens", "5"])
        cases[f"{name} weights"] = (files, ["r/weights.safetensors"], ["generate", "r", "--tokens", "5"])
        cases[f"{name} run.json"] = (files, ["r/run.json"], ["evaluate", "r"])
        cases[f"{name} text"] = (files, ["text"], ["evaluate", "r"])
        checkpoints = [file for file in files if "checkpoint" in file]
        cases[f"{name} checkpoint"] = (files, checkpoints, ["train", "text", "--resume", "--output", "r"])
    return cases


def damage_bytes(contents, rng):
    contents = bytearray(contents)
    kind = rng.randrange(6)
    if kind == 0 and contents:
        for _ in range(rng.randint(1, 4)):
            contents[rng.randrange(min(len(contents), rng.choice([8, 64, 1 << 30])))] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del contents[rng.randrange(len(contents) + 1):]
    elif kind == 2 and len(contents) >= 4:
        at = rng.randrange(min(len(contents) - 3, rng.choice([16, 1 << 30])))
        contents[at:at + 4] = struct.pack(rng.choice("<>") + "I", rng.choice(SIZES))
    elif kind == 3:
        contents += rng.choice([b"\n", b"\0", bytes(contents), rng.randbytes(9), b"\x1f\x8b"])
    elif kind == 4:
        at = rng.randrange(len(contents) + 1)
        contents[at:at] = rng.choice([b"\x1b[31m", b"\xff", rng.randbytes(4), b"9" * 30, b" " * 1000])
    else:
        at = rng.randrange(len(contents) + 1)
        del contents[at:at + rng.randint(1, 16)]
    return bytes(contents)


def damage_json(contents, rng):
    text = contents.decode("utf-8", "surrogateescape")
    kind = rng.randrange(7)
    numbers = list(re.finditer(r"-?\d[\d.e+-]*", text))
    if kind <= 1 and numbers:
        found = rng.choice(numbers)
        new = rng.choice(NUMBERS + [found.group() + "0", str(rng.randrange(300))])
        return (text[:found.start()] + new + text[found.end():]).encode("utf-8", "surrogateescape")
    try:
        value = json.loads(text)
    except ValueError:
        return damage_bytes(contents, rng)
    places = []

    def walk(value):
        if isinstance(value, (dict, list)):
            for key in (value if isinstance(value, dict) else range(len(value))):
                places.append((value, key))
                walk(value[key])
    walk(value)
    if kind == 6 or not places:
        return damage_bytes(contents, rng)
    # Each level alike, so that the few keys at the top are not lost among a vocabulary's.
    top = [place for place in places if place[0] is value]
    holder, key = rng.choice(top if rng.randrange(2) else places)
    if kind == 2:
        del holder[key]
    elif kind == 3:
        other, place = rng.choice(places)
        holder[key], other[place] = other[place], holder[key]
        try:
            return json.dumps(value).encode()
        except ValueError:
            return damage_bytes(contents, rng)
    elif kind == 4:
        marker = "\ue000"
        holder[key] = marker
        depth = rng.choice([3, 100, 600, 100000])
        opening = rng.choice(["[", '{"a":'])
        new = rng.choice(NUMBERS) if rng.randrange(2) else opening * depth + "1" + ("]" if opening == "[" else "}") * depth
        return json.dumps(value, ensure_ascii=False).replace(f'"{marker}"', new).encode()
    elif isinstance(holder, dict):
        holder[rng.choice([key + "\x1b", "", "task", "kind"])] = holder.pop(key)
    else:
        holder.append(holder[key])
    return json.dumps(value).encode()


def damage_safetensors(contents, rng):
    """Also with a header whose length is right, and the checksum at the end of a checkpoint updated."""
    length = struct.unpack("<Q", contents[:8])[0]
    header, numbers = contents[8:8 + length], contents[8 + length:]
    kind = rng.randrange(4)
    if kind == 0:
        result = damage_bytes(contents, rng)
    elif kind == 1:
        result = struct.pack("<Q", rng.choice([0, 1, length - 1, length + 1, 10**8, 10**8 + 1, 2**63, 2**64 - 1])) + header + numbers
    elif kind == 2 and b"training" in header:
        value = json.loads(header)
        value["__metadata__"]["training"] = damage_json(value["__metadata__"]["training"].encode(), rng).decode("utf-8", "replace")
        header = json.dumps(value).encode()
        result = struct.pack("<Q", len(header)) + header + numbers
    else:
        header = damage_json(header, rng)
        result = struct.pack("<Q", len(header)) + header + numbers
    if b"backprop checkpoint" in header and rng.randrange(4):
        result = result[:-4] + struct.pack("<I", zlib.crc32(result[:-4]))
    return result


def damage(name, contents, rng):
    if name.endswith(".json"):
        return damage_json(contents, rng)
    if name.endswith(".safetensors"):
        return damage_safetensors(contents, rng)
    if name.endswith(".gz") and rng.randrange(2):
        return gzip.compress(damage_bytes(gzip.decompress(contents), rng), mtime=0)
    return damage_bytes(contents, rng)


def main():
    command, folder, count, seed = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    first = int(sys.argv[5]) if len(sys.argv) > 5 else 0
    print(f"check-files: {count} damaged files, seed {seed}", file=sys.stderr)
    templates = os.path.join(folder, "templates")
    os.makedirs(templates)
    cases = list(make_templates(command, templates).items())
    kept = os.path.abspath("runs/check-files")

    def try_one(number):
        rng = random.Random(seed * 1_000_003 + number)
        name, (files, damaged, arguments) = cases[number % len(cases)]
        place = os.path.join(folder, str(number))
        changed = rng.choice(damaged)
        for file, contents in files.items():
            path = os.path.join(place, file)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as output:
                output.write(damage(file, contents, rng) if file == changed else contents)
        copy = os.path.join(folder, f"{number} damaged")
        shutil.copy(os.path.join(place, changed), copy)
        status, errors, problem = run(command, arguments, place)
        if status is None:
            # On a busy machine other processes may have taken the time; a real hang repeats.
            status, errors, problem = run(command, arguments, place, 3 * SECONDS)
        if problem:
            os.makedirs(kept, exist_ok=True)
            shutil.copy(copy, os.path.join(kept, f"{number}-{os.path.basename(changed)}"))
        shutil.rmtree(place)
        os.remove(copy)
        return number, name, arguments, status, errors, problem

    failures, statuses = 0, {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, name, arguments, status, errors, problem in pool.map(try_one, range(first, first + count)):
            statuses[status] = statuses.get(status, 0) + 1
            if problem:
                failures += 1
                print(f"error: {number} ({name}): {' '.join(arguments)} {problem}\n{errors[-600:]!r}", file=sys.stderr)
    found = ", ".join(f"{times} with {status}" for status, times in sorted(statuses.items(), key=str))
    if failures:
        sys.exit(f"error: {failures} of {count} damaged files were not taken as they should be ({found}); see {kept}")
    print(f"check-files: {count} damaged files ended as they should ({found})", file=sys.stderr)


main()
