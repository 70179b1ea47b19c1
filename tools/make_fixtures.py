#!/usr/bin/env python3
"""Writes Tests/Fixtures/*.json: results of PyTorch that the Swift tests compare with.

Weights and inputs are not stored. Both sides make them with the same generator, a linear
congruential one over 32 bits:

    x <- (1664525 x + 1013904223) mod 2^32, starting from x = seed; the first value comes after one step
    value = offset + (x / 2^32 - 0.5) * 2 * scale   in double, rounded once to float32

in row-major order of the shape as Backprop stores it: dense weights [in, out], convolution weights
[out, in, height, width], vectors [n]. Labels are floor(x / 2^32 * classes) of the same sequence.

Run it with Python, PyTorch, torchvision, Keras and NumPy installed:  python tools/make_fixtures.py
The same version of PyTorch on the same kind of CPU writes the same bytes.
"""

import torch

from fixtures.algebra.edges import algebra_fixture
from fixtures.algebra.matrices import matrices_fixture
from fixtures.attention import attention_cases
from fixtures.cases import cases_fixture
from fixtures.casts import casts_fixture
from fixtures.edges import edges_fixture
from fixtures.edges_arrays import arrays_fixture
from fixtures.edges_mathematics import mathematics_fixture
from fixtures.layers import layers_fixture
from fixtures.models import models_fixture
from fixtures.networks import NETWORKS, network_fixture
from fixtures.nn.activations import activation_cases
from fixtures.nn.arrays import arrays_methods_fixture
from fixtures.nn.images import image_cases
from fixtures.nn.distributions import distributions_fixture
from fixtures.nn.initializers import initializers_fixture
from fixtures.nn.losses import loss_cases
from fixtures.nn.methods import methods_fixture
from fixtures.nn.modules import module_cases
from fixtures.nn.rows import rows_fixture
from fixtures.nn.resampling import resampling_cases
from fixtures.nn.schedules import schedules_fixture
from fixtures.nn.sequences import sequence_cases
from fixtures.numbers import write
from fixtures.optimizers import optimizers_fixture, plateaus_fixture
from fixtures.recurrent import recurrent_cases
from fixtures.rules import rules_fixture
from fixtures.signals.ctc import ctc_cases
from fixtures.signals.edges import signals_fixture
from fixtures.signals.transforms import transforms_fixture as fourier_transforms_fixture
from fixtures.tokens import token_cases
from fixtures.data.transforms import transforms_fixture as image_transforms_fixture


def summary_of(fixture):
    if "schedules" in fixture:
        return f"{len(fixture['schedules'] + fixture['curves'])} schedules"
    if "plateaus" in fixture:
        return f"{len(fixture['plateaus'])} plateau schedules"
    if "transforms" in fixture:
        return f"{len(fixture['transforms'])} transforms"
    if "divergences" in fixture:
        return f"{len(fixture['cases'])} distributions, {len(fixture['divergences'])} divergences"
    if "distributions" in fixture:
        return f"{len(fixture['matrices'] + fixture['distributions'])} initializers"
    if "methods" in fixture:
        return f"{len(fixture['methods'])} methods"
    if "sparse" in fixture:
        return f"{len(fixture['sparse'])} paths of sparse optimizers"
    if "rules" in fixture:
        return f"{len(fixture['rules'])} paths of optimizers"
    if "casts" in fixture:
        return f"{len(fixture['casts'])} pairs of types"
    if "rows" in fixture:
        return f"{len(fixture['rows'])} rows"
    if "cases" in fixture:
        return f"{len(fixture['cases'])} cases"
    if "models" in fixture:
        curves = [f"{model['losses'][0]:.3f} -> {model['losses'][-1]:.3f}" for model in fixture["models"]]
        return f"{len(fixture['models'])} models: " + "; ".join(curves)
    if "paper" in fixture:
        return f"{len(fixture['pytorch'])} trajectories of PyTorch, {len(fixture['paper'])} from the papers"
    curves = [f"{c['optimizer']['name']} {c['losses'][0]:.4f} -> {c['losses'][-1]:.4f}" for c in fixture["curves"]]
    return f"{fixture['parameterCount']} parameters; " + "; ".join(curves)


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    fixtures = {name: lambda name=name: network_fixture(name) for name in NETWORKS}
    fixtures |= {"layers": layers_fixture, "optimizers": optimizers_fixture, "schedules": schedules_fixture}
    fixtures |= {"plateaus": plateaus_fixture, "Optimizers/rules": rules_fixture, "Optimizers/rows": rows_fixture, "Methods/methods": methods_fixture}
    fixtures |= {"Methods/arrays": arrays_methods_fixture}
    cases = {"recurrent": recurrent_cases, "attention": attention_cases, "tokens": token_cases}
    cases |= {"Layers/losses": loss_cases, "Layers/activations": activation_cases, "Layers/modules": module_cases}
    cases |= {"Layers/sequences": sequence_cases, "Layers/ctc": ctc_cases}
    cases |= {"Layers/images": image_cases, "Layers/resampling": resampling_cases}
    fixtures |= {name: lambda make=make: cases_fixture(make()) for name, make in cases.items()}
    fixtures |= {"models": models_fixture, "edges": edges_fixture, "Edges/arrays": arrays_fixture, "Edges/mathematics": mathematics_fixture,
                 "casts": casts_fixture}
    fixtures |= {"Layers/initializers": initializers_fixture, "Datasets/transforms": image_transforms_fixture}
    fixtures |= {"Edges/algebra": algebra_fixture, "LinearAlgebra/matrices": matrices_fixture, "Edges/signals": signals_fixture}
    fixtures |= {"Fourier/transforms": fourier_transforms_fixture, "Distributions/distributions": distributions_fixture}
    print(f"{'file':18}{'bytes':>8}  content")
    for name, make in fixtures.items():
        fixture = make()
        size = write(f"{name}.json", fixture)
        print(f"{name + '.json':18}{size:8}  {summary_of(fixture)}")


if __name__ == "__main__":
    main()
