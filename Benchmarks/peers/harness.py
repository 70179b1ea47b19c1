"""What the peers share: arguments, threads, measuring, JSON lines. Needs Python alone.

A peer gives a function for each workload that makes a `Job`. The workloads and the keys of the lines are those of
`backprop bench`:

- millisecondsPerStep is the median over --seconds, minimum the least; the first steps are left out.
- firstStepMilliseconds is the first step alone, compilation included; setupMilliseconds is what stood before it: the
  network, the optimizer and the data.
- millisecondsPerUpdate is the median of the optimizer's part of a step, where the peer measures it.
- tokensPerSecond stands where a step is a token.
- peakBytes is the most memory the process held in this workload; bytesBefore is what it held before it, so what the
  library itself takes. Without /proc, peakBytes is the greatest of the whole process.
"""

import argparse
import dataclasses
import gc
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable

WARM_UP_CALLS = 3
NAMES = ["mlp", "cnn", "resnet20", "lstm", "gpt-small", "gpt-medium", "generate",
         "optimizer", "optimizer-sgd", "optimizer-momentum", "optimizer-adagrad", "optimizer-rmsprop"]
# Parts that networks are made of; measured by name.
PARTS = ["depthwise", "unet", "group-norm", "top-k", "sort", "embedding"]
# The optimizer of each workload that measures one alone.
OPTIMIZERS = {"optimizer": "adam", **{name: name.split("-")[1] for name in NAMES if name.startswith("optimizer-")}}
# What these workloads change: ten matrices of a million parameters.
OPTIMIZER_SHAPES = [(1000, 1000)] * 10
# The tokens that `generate` makes from a prompt of one.
GENERATED = 256


@dataclasses.dataclass
class Job:
    """One workload, ready to run."""
    # Does `steps` steps and waits until their results are there.
    call: Callable[[], object]
    parameters: int
    steps: int = 1
    makes_tokens: bool = False
    # The first step alone, where a call does many.
    first: Callable[[], object] | None = None
    # Nanoseconds of the optimizer's part of each step, which the call appends.
    updates: list[int] | None = None


def arguments(description, switches=()):
    """The arguments of a peer. Call this before importing its library: it settles how many threads that finds.

    `switches`: flags of this peer alone, as pairs of name and help.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"of {', '.join(NAMES)} (all unless given), and {', '.join(PARTS)}")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=5, help="for each workload; with --rounds, each time")
    parser.add_argument("--steps", type=int, help="measure this many steps in place of --seconds")
    parser.add_argument("--rounds", action="store_true",
                        help="measure one workload again and again: once for each line of standard input")
    for switch, help in switches:
        parser.add_argument(switch, action="store_true", help=help)
    given = parser.parse_args()
    unknown = [name for name in given.workloads if name not in NAMES + PARTS]
    if unknown:
        parser.error(f"there is no workload {unknown[0]}; there is {', '.join(NAMES + PARTS)}")
    if given.rounds and len(given.workloads) != 1:
        parser.error("--rounds measures one workload; name that one")
    given.workloads = given.workloads or NAMES
    for variable in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"]:
        os.environ[variable] = str(given.threads)
    if hasattr(os, "sched_setaffinity"):  # the only thing that every library heeds
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:max(given.threads, 1)])
    return given


def memory(key):
    """A number of bytes of /proc/self/status; None where there is none."""
    try:
        with open("/proc/self/status") as file:
            for line in file:
                if line.startswith(key + ":"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def peak_bytes():
    unit = 1 if sys.platform == "darwin" else 1024
    return memory("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def reset_peak():
    gc.collect()
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def milliseconds(work):
    start = time.perf_counter_ns()
    result = work()
    return result, (time.perf_counter_ns() - start) / 1e6


class Stopwatch:
    """A workload that is ready to be measured, as often as somebody asks."""

    def __init__(self, name, make_job, given, system):
        reset_peak()
        self.name, self.given, self.system, self.before = name, given, system, memory("VmRSS")
        self.job, self.setup = milliseconds(make_job)
        _, self.first = milliseconds(self.job.first or self.job.call)
        for _ in range(WARM_UP_CALLS if self.job.steps == 1 else 1):
            self.job.call()

    def measure(self, least=5):
        """Repeats the workload for --seconds, and at least a few times: `least` where a call is a step."""
        job = self.job
        if job.updates:
            job.updates.clear()
        times, end = [], time.perf_counter() + self.given.seconds
        steps = self.given.steps

        def goes_on():
            if steps:
                return len(times) * job.steps < steps
            return len(times) < (least if job.steps == 1 else 1) or time.perf_counter() < end

        while goes_on():
            times.append(milliseconds(job.call)[1] / job.steps)
        median = statistics.median(times)
        line = {
            "workload": self.name,
            "system": self.system,
            "millisecondsPerStep": round(median, 5),
            "minimum": round(min(times), 5),
            "firstStepMilliseconds": round(self.first, 3),
            "setupMilliseconds": round(self.setup, 3),
            "parameters": job.parameters,
            "peakBytes": peak_bytes(),
            "threads": self.given.threads,
        }
        if self.before is not None:
            line["bytesBefore"] = self.before
        if job.updates:
            line["millisecondsPerUpdate"] = round(statistics.median(job.updates) / 1e6, 5)
        if job.makes_tokens:
            line["tokensPerSecond"] = round(1000 / median, 2)
        return line

    def measure_after_waiting(self):
        """The same after others had the machine: caches hold what was theirs and threads sleep, so an eighth of the
        time goes before that, and at least one step. A text brings enough steps of its own."""
        if self.job.steps == 1:
            end = time.perf_counter() + self.given.seconds / 8
            self.job.call()
            while time.perf_counter() < end:
                self.job.call()
        return self.measure(least=2)


def run(system, jobs, given):
    """Measures the workloads asked for and prints a line each. `jobs`: name to a function that makes the `Job`."""
    for name in given.workloads:
        if name not in jobs:
            print(f"{system}: there is no {name}", file=sys.stderr)
            continue
        stopwatch = Stopwatch(name, jobs[name], given, system)
        if not given.rounds:
            print(json.dumps(stopwatch.measure()), flush=True)
            continue
        asked = False
        for _ in sys.stdin:
            asked = True
            print(json.dumps(stopwatch.measure_after_waiting()), flush=True)
        if not asked:
            sys.exit("--rounds measures when a line comes on standard input, which ended without one")
