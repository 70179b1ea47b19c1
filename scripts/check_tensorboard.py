"""Compares what TensorBoard reads of a run with metrics.jsonl; started by check-tensorboard."""
import json
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.util import tensor_util

# Where each number of a line goes.
TAGS = {
    "loss": "loss/step", "meanLoss": "loss/training", "testLoss": "loss/test", "accuracy": "accuracy/step",
    "meanAccuracy": "accuracy/training", "testAccuracy": "accuracy/test", "testPerplexity": "test/perplexity",
    "testBitsPerCharacter": "test/bitsPerCharacter", "validationLoss": "loss/validation",
    "validationPerplexity": "validation/perplexity", "validationBitsPerCharacter": "validation/bitsPerCharacter",
    "learningRate": "training/learningRate",
    "gradientNorm": "training/gradientNorm",
}


def float32(value):
    """As TensorBoard stores it."""
    return struct.unpack("<f", struct.pack("<f", float(value)))[0]


def expected(lines):
    """Scalars by tag and step, histograms by tag and step, and samples by step."""
    scalars, histograms, samples = {}, {}, {}
    for line in lines:
        step = line["step"]
        found = {tag: line[key] for key, tag in TAGS.items() if key in line}
        if "meanLoss" not in line:
            found["training/examplesPerSecond"] = line["examplesPerSecond"]
        for name, value in line.get("testMetrics", {}).items():
            found[f"test/{name}"] = value
        for layer in line.get("layers", []):
            found[f"gradientNorm/{layer['name']}"] = layer["gradientNorm"]
            if "updateRatio" in layer:
                found[f"updateRatio/{layer['name']}"] = layer["updateRatio"]
        for tag, value in found.items():
            scalars.setdefault(tag, {})[step] = float32(value)
        for kind in ("weights", "activations"):
            for histogram in line.get(kind, []):
                histograms.setdefault(f"{kind}/{histogram['name']}", {})[step] = histogram
        if "sample" in line:
            samples[step] = line["sample"]
    return scalars, histograms, samples


def check(run):
    """What TensorBoard reads otherwise than it stands in metrics.jsonl, and how much was compared."""
    problems, counts = [], {}
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    scalars, histograms, samples = expected(lines)
    board = event_accumulator.EventAccumulator(str(run), size_guidance={
        event_accumulator.SCALARS: 0, event_accumulator.HISTOGRAMS: 0, event_accumulator.IMAGES: 0,
        event_accumulator.TENSORS: 0})
    board.Reload()
    tags = board.Tags()
    if set(tags["scalars"]) != set(scalars):
        problems.append(f"tags of numbers: {sorted(set(tags['scalars']) ^ set(scalars))}")
    for tag in tags["scalars"]:
        found = {event.step: event.value for event in board.Scalars(tag)}
        counts["numbers"] = counts.get("numbers", 0) + len(found)
        if len(found) != len(board.Scalars(tag)):
            problems.append(f"{tag} has a step twice")
        if found != scalars.get(tag):
            problems.append(f"{tag} is {list(found.items())[:5]} …, not {list(scalars.get(tag, {}).items())[:5]} …")
    if set(tags["histograms"]) != set(histograms):
        problems.append(f"tags of histograms: {sorted(set(tags['histograms']) ^ set(histograms))}")
    for tag in tags["histograms"]:
        events = {event.step: event.histogram_value for event in board.Histograms(tag)}
        if set(events) != set(histograms.get(tag, {})):
            problems.append(f"{tag} has the steps {sorted(events)}")
            continue
        for step, value in events.items():
            counts["histograms"] = counts.get("histograms", 0) + 1
            line = histograms[tag][step]
            if (value.min, value.max, value.num) != (line["low"], line["high"], sum(line["counts"])):
                problems.append(f"{tag}, step {step}: {value.min} to {value.max}, {value.num} values")
            if list(value.bucket) != [0] + line["counts"] or value.bucket_limit[0] != line["low"] \
                    or value.bucket_limit[-1] != line["high"] or list(value.bucket_limit) != sorted(value.bucket_limit):
                problems.append(f"{tag}, step {step}: other ranges than in metrics.jsonl")
    for tag in tags["images"]:
        for image in board.Images(tag):
            counts["pictures"] = counts.get("pictures", 0) + 1
            if not image.encoded_image_string.startswith(b"\x89PNG\r\n\x1a\n") or \
                    struct.unpack(">II", image.encoded_image_string[16:24]) != (image.width, image.height):
                problems.append(f"{tag} is no picture of {image.width} × {image.height}")
    texts = {}
    for tag in tags["tensors"]:
        for event in board.Tensors(tag):
            counts["texts"] = counts.get("texts", 0) + 1
            text = tensor_util.make_ndarray(event.tensor_proto).item().decode()
            if tag == "sample":
                texts[event.step] = "\n".join(line[4:] for line in text.split("\n"))
    if texts != samples:
        problems.append("the samples are other texts than in metrics.jsonl")
    return problems, counts


def train(backprop, folder):
    """Small runs; the last one is stopped and resumed."""
    def start(name, *flags):
        return [backprop, "train", *flags, "--seed", "0", "--quiet", "--output", str(folder / name)]
    runs = {
        "cnn": ["image", "--model", "cnn", "--epochs", "3"],
        "text": ["text", "--model", "transformer", "--layers", "2", "--width", "32", "--steps", "120"],
    }
    for name, flags in runs.items():
        subprocess.run(start(name, *flags), check=True, stdout=subprocess.DEVNULL)
    command = start("resumed", "image", "--model", "mlp", "--epochs", "400", "--checkpoint-steps", "50")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    metrics = folder / "resumed" / "metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and metrics.read_bytes().count(b"\n") > 120):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    subprocess.run([backprop, "train", "image", "--resume", "--quiet", "--output", str(folder / "resumed")],
                   check=True, stdout=subprocess.DEVNULL)
    return [folder / name for name in (*runs, "resumed")]


def main():
    backprop, *arguments = sys.argv[1:]
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for run in [pathlib.Path(a) for a in arguments] or train(backprop, pathlib.Path(folder)):
            problems, counts = check(run)
            if not arguments and not all(counts.get(kind) for kind in ("numbers", "histograms", "texts")) or \
                    not arguments and run.name == "cnn" and not counts.get("pictures"):
                problems.append(f"too little to compare: {counts}")
            for problem in problems[:20]:
                print(f"error: {run.name}: {problem}", file=sys.stderr)
            failed |= bool(problems)
            if not problems:
                print(f"check-tensorboard: {run.name}: equal, " + ", ".join(f"{n} {k}" for k, n in counts.items()), file=sys.stderr)
    sys.exit(failed)


main()
