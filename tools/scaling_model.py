#!/usr/bin/env python3
"""The model of docs/scaling.md: how long a training step of several processes takes, from measured constants.

    tools/scaling_model.py NETWORK… [--bandwidth MB/S] [--latency MS] [--sharing MS] [--algorithm ring|halving]

A network is given as NAME:STEP_MS:UPDATE_MS:MEGABYTES. STEP_MS is a step of one process without others, UPDATE_MS its
optimizer's part, MEGABYTES the gradients. The bandwidth is what one process sends while it receives as much. Prints a
Markdown table.
"""

import argparse
import math

FORWARD = 1 / 3  # of what a step takes without its update: one of three passes


def bucket_count(megabytes):
    """A sixteenth of all gradients, from 64 KiB to 4 MiB; see `Gradients+Averaging.swift`."""
    return math.ceil(megabytes * 1e6 / min(max(megabytes * 1e6 / 16, 64 << 10), 4 << 20))


def sum_time(megabytes, processes, bandwidth, latency, algorithm):
    """Milliseconds of one sum over all processes of `megabytes` each.

    Ring: 2 (N - 1) messages of a part in N (Patarasuk & Yuan, 2009). Halving: as many bytes in 2 log2 N messages
    (Rabenseifner, 2004).
    """
    if processes == 1:
        return 0
    messages = 2 * (processes - 1) if algorithm == "ring" else 2 * math.ceil(math.log2(processes))
    return messages * latency + 2 * (processes - 1) / processes * megabytes / bandwidth * 1000


def step_time(step, update, megabytes, processes, given):
    """Milliseconds of a step, and how many of them it waits for sums.

    The backward pass completes one bucket after the other at equal distances; sums follow each other.
    """
    passes = step - update
    forward, backward = passes * FORWARD, passes * (1 - FORWARD)
    # What moving the bytes takes from computing, where no processor is left over for it.
    busy = 2 * (processes - 1) / processes * megabytes * given.sharing if processes > 1 else 0
    backward += busy
    end, buckets = 0, bucket_count(megabytes)
    for bucket in range(1, buckets + 1):
        complete = forward + backward * bucket / buckets
        end = max(end, complete) + sum_time(
            megabytes / buckets, processes, given.bandwidth, given.latency, given.algorithm)
    waited = max(end - forward - backward, 0)
    return forward + backward + waited + update, waited


def main():
    parser = argparse.ArgumentParser(description="Predict training steps of several processes.")
    parser.add_argument("networks", nargs="+", metavar="NAME:STEP_MS:UPDATE_MS:MEGABYTES")
    parser.add_argument("--bandwidth", type=float, default=117, help="MB/s")
    parser.add_argument("--latency", type=float, default=0.1, help="milliseconds a message")
    parser.add_argument("--sharing", type=float, default=0, help="milliseconds of computing that a megabyte sent takes")
    parser.add_argument("--algorithm", choices=["ring", "halving"], default="halving")
    parser.add_argument("--processes", type=int, nargs="+", default=[2, 8, 64, 512])
    given = parser.parse_args()
    print("| network | processes | ms a step | waits for sums | times the examples a second | share of the ideal |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for network in given.networks:
        name, *numbers = network.split(":")
        step, update, megabytes = map(float, numbers)
        for processes in given.processes:
            time, waited = step_time(step, update, megabytes, processes, given)
            times = processes * step / time
            print(f"| {name} | {processes} | {time:,.0f} | {waited:,.0f} | {times:.1f} | {times / processes:.0%} |")


if __name__ == "__main__":
    main()
