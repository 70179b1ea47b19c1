#!/usr/bin/env python3
"""Writes Tests/Fixtures/Metrics/*.json: values of scikit-learn, SciPy, Keras and sacrebleu that the tests of metrics
compare with.

Run it with Python, NumPy, SciPy, scikit-learn, Keras, PyTorch and sacrebleu installed:  python tools/make_metric_fixtures.py
What scikit-learn has no function for (the expected calibration error, and top-k accuracy with ties, which it breaks
the other way) is computed here from its definition. Areas under curves are averaged over the classes that have
examples of their own and of others; scikit-learn computes each.
"""

import json
import math
import pathlib
import warnings

import numpy as np
import sacrebleu
from sklearn import metrics

from fixtures.data.metric_losses import metric_losses_fixture

warnings.filterwarnings("ignore")
random = np.random.default_rng(16)


def calibration_error(probabilities, labels, weights, bins=15):
    predictions = probabilities.argmax(axis=1)
    confidences = probabilities.max(axis=1)
    edges = np.arange(bins + 1) / bins
    bin_of = np.clip(np.searchsorted(edges, confidences, side="left") - 1, 0, bins - 1)
    total = 0.0
    for index in range(bins):
        inside = bin_of == index
        if weights[inside].sum() > 0:
            accuracy = np.average(predictions[inside] == labels[inside], weights=weights[inside])
            confidence = np.average(confidences[inside], weights=weights[inside])
            total += weights[inside].sum() * abs(accuracy - confidence)
    return total / weights.sum()


def top_k(probabilities, labels, weights, k):
    # A stable sort puts the first of equal ones first.
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return np.average([label in row for label, row in zip(labels, order)], weights=weights)


def area(function, probabilities, labels, weights, average):
    values, shares = [], []
    for label in range(probabilities.shape[1]):
        own = labels == label
        if 0 < weights[own].sum() < weights.sum():
            values.append(function(own, probabilities[:, label], sample_weight=weights))
            shares.append(weights[own].sum())
    if not values:
        return None
    return np.average(values, weights=shares if average == "weighted" else None)


def classification_case(name, probabilities, labels, weights=None):
    given = weights
    weights = np.ones(len(labels)) if weights is None else weights
    predictions = probabilities.argmax(axis=1)
    classes = probabilities.shape[1]
    expected = {
        "accuracy": metrics.accuracy_score(labels, predictions, sample_weight=weights),
        "top2": top_k(probabilities, labels, weights, 2),
        "calibrationError": calibration_error(probabilities, labels, weights),
        "confusionMatrix": metrics.confusion_matrix(labels, predictions, labels=range(classes)).tolist(),
    }
    for average in ["macro", "micro", "weighted"]:
        options = {"average": average, "sample_weight": weights, "zero_division": 0}
        expected[f"precision.{average}"] = metrics.precision_score(labels, predictions, **options)
        expected[f"recall.{average}"] = metrics.recall_score(labels, predictions, **options)
        expected[f"f1.{average}"] = metrics.f1_score(labels, predictions, **options)
        expected[f"jaccard.{average}"] = metrics.jaccard_score(labels, predictions, **options)
        if average != "micro":
            expected[f"roc.{average}"] = area(metrics.roc_auc_score, probabilities, labels, weights, average)
            expected[f"pr.{average}"] = area(metrics.average_precision_score, probabilities, labels, weights, average)
    chosen = probabilities[np.arange(len(labels)), labels]
    if (chosen[weights > 0] > 0).all():
        expected["perplexity"] = math.exp(np.average(-np.log(np.where(chosen > 0, chosen, 1)), weights=weights))
    return {
        "name": name,
        "classes": classes,
        "probabilities": probabilities.ravel().tolist(),
        "labels": labels.tolist(),
        "weights": None if given is None else given.tolist(),
        "expected": expected,
    }


def random_probabilities(count, classes, sharpness=1.5):
    logits = sharpness * random.normal(size=(count, classes))
    powers = np.exp(logits)
    return powers / powers.sum(axis=1, keepdims=True)


def labels_near(probabilities, classes):
    return np.array([random.choice(classes, p=row[:classes] / row[:classes].sum()) for row in probabilities])


def classification_cases():
    cases = []
    for index, (count, classes) in enumerate([(40, 2), (101, 3), (64, 5), (30, 10), (7, 4)]):
        probabilities = random_probabilities(count, classes)
        labels = labels_near(probabilities, classes)
        cases.append(classification_case(f"random {index}", probabilities, labels))
        weights = random.uniform(0, 3, size=count).round(2)
        cases.append(classification_case(f"weighted {index}", probabilities, labels, weights))
    for classes in [2, 4]:
        # Eighths: many examples and many classes have the same probability.
        eighths = random.multinomial(8, np.ones(classes) / classes, size=60) / 8
        labels = labels_near(eighths, classes)
        cases.append(classification_case(f"ties {classes}", eighths, labels))
        weights = random.integers(0, 3, size=60).astype(float)
        cases.append(classification_case(f"ties and zeros {classes}", eighths, labels, weights))
    probabilities = random_probabilities(50, 4)
    cases.append(classification_case("a class without examples", probabilities, labels_near(probabilities, 3)))
    # Neither a label nor ever predicted.
    absent = np.column_stack([random_probabilities(50, 3), np.zeros(50)])
    cases.append(classification_case("an absent class", absent, labels_near(absent, 3)))
    probabilities = random_probabilities(20, 3)
    cases.append(classification_case("one class only", probabilities, np.full(20, 1)))
    weights = np.ones(50)
    probabilities = random_probabilities(50, 3)
    labels = labels_near(probabilities, 3)
    weights[labels == 2] = 0
    cases.append(classification_case("a class of weight zero", probabilities, labels, weights))
    perfect = np.eye(3)[random.integers(0, 3, size=12)]
    cases.append(classification_case("perfect", perfect, perfect.argmax(axis=1)))
    cases.append(classification_case("one example", np.array([[0.25, 0.75]]), np.array([0])))
    return cases


def regression_case(name, predictions, targets, weights=None):
    options = {"sample_weight": weights}
    squared = metrics.mean_squared_error(targets, predictions, **options)
    return {
        "name": name,
        "predictions": predictions.tolist(),
        "targets": targets.tolist(),
        "weights": None if weights is None else weights.tolist(),
        "expected": {
            "mae": metrics.mean_absolute_error(targets, predictions, **options),
            "mse": squared,
            "rmse": math.sqrt(squared),
            "r2": metrics.r2_score(targets, predictions, **options) if len(targets) > 1 else None,
        },
    }


def regression_cases():
    cases = []
    for index, count in enumerate([2, 13, 100, 257]):
        targets = random.normal(size=count) * 10.0 ** random.integers(-3, 4)
        predictions = targets + random.normal(size=count) * abs(targets).mean()
        cases.append(regression_case(f"random {index}", predictions, targets))
        weights = random.integers(0, 3, size=count).astype(float)
        weights[:2] = 1
        cases.append(regression_case(f"weighted {index}", predictions, targets, weights))
    # The variance is small beside the mean.
    targets = 1e4 + random.normal(size=50)
    cases.append(regression_case("far from zero", targets + random.normal(size=50), targets))
    targets = random.normal(size=9)
    cases.append(regression_case("perfect", targets, targets))
    cases.append(regression_case("constant target", random.normal(size=9), np.full(9, 2.0)))
    cases.append(regression_case("constant and perfect", np.full(9, 2.0), np.full(9, 2.0)))
    cases.append(regression_case("one example", np.array([1.5]), np.array([2.0])))
    return cases


def bleu_case(name, candidates, references):
    width = max(len(row) for row in references)
    columns = [[row[column] if column < len(row) else None for row in references] for column in range(width)]
    bleu = sacrebleu.metrics.BLEU(tokenize="none", smooth_method="none", force=True)
    score = bleu.corpus_score(candidates, columns).score / 100
    return {"name": name, "candidates": candidates, "references": references, "expected": score}


def bleu_cases():
    the_cat = "the cat is on the mat", "there is a cat on the mat"
    military = [
        "It is a guide to action that ensures that the military will forever heed Party commands",
        "It is the guiding principle which guarantees the military forces always being under the command of the Party",
        "It is the practical guide for the army always to heed the directions of the party",
    ]
    cases = [
        # The examples of the paper's section 2.
        bleu_case(
            "Papineni, candidate 1",
            ["It is a guide to action which ensures that the military always obeys the commands of the party"],
            [military],
        ),
        bleu_case(
            "Papineni, candidate 2",
            ["It is to insure the troops forever hearing the activity guidebook that party direct"],
            [military],
        ),
        bleu_case("Papineni, the the the", ["the the the the the the the"], [list(the_cat)]),
        bleu_case("too short", ["the cat", "on"], [["the cat"], ["on"]]),
        bleu_case("an empty candidate", ["", "the cat is on a mat"], [["a"], list(the_cat)]),
    ]
    words = "a b c d e".split()
    for index, sentences in enumerate([1, 5, 20, 60]):
        references, candidates = [], []
        for _ in range(sentences):
            first = list(random.choice(words, size=random.integers(4, 12)))
            second = [word if random.random() < 0.7 else str(random.choice(words)) for word in first]
            second = second[: random.integers(3, 12)]
            candidate = [word if random.random() < 0.8 else str(random.choice(words)) for word in first]
            candidate = candidate[: random.integers(3, 12)]
            references.append([" ".join(first), " ".join(second)][: random.integers(1, 3)])
            candidates.append(" ".join(candidate))
        cases.append(bleu_case(f"random {index}", candidates, references))
    return cases


content = {
    "classification": classification_cases(),
    "regression": regression_cases(),
    "bleu": bleu_cases(),
}
folder = pathlib.Path(__file__).parent.parent / "Tests" / "Fixtures" / "Metrics"
(folder / "metrics.json").write_text(json.dumps(content) + "\n")
(folder / "losses.json").write_text(json.dumps(metric_losses_fixture()) + "\n")
print(", ".join(f"{len(cases)} cases of {name}" for name, cases in content.items()))
