"""A table of houses with categories and missing values, for the tests of trained models."""

import csv

import numpy as np

CITIES = ["Berlin", "Köln, Süd", "Ulm"]
NAMES = ["city", "area", "rooms", "garden"]
KINDS = {"price": "linear", "dear": "logistic", "size": "softmax"}
"""Each target of the table, and a model for it."""


def rows(count=120, seed=0):
    """Rows of texts: the four features, some missing, and the three targets."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        city = CITIES[random.integers(3)]
        area, rooms = round(random.uniform(30, 200), 1), int(random.integers(1, 7))
        garden = ["yes", "no"][random.integers(2)]
        price = 3 * area + 20 * rooms + 50 * (city == "Ulm") + random.normal(0, 9)
        size = "small" if area < 80 else "medium" if area < 140 else "large"
        features = [city, str(area), str(rooms), garden]
        gap = random.integers(12)
        if gap < 3:
            features[gap] = ["", "NA", "?"][gap]
        made.append([*features, repr(float(price)), ["low", "high"][int(price > 400)], size])
    return made


def write(path, names, lines):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *lines])
    return path


def table(path, target, count=120, seed=0):
    """A file with the features and one target, which is the last column."""
    at = 4 + [*KINDS].index(target)
    return write(path, [*NAMES, target], [[*row[:4], row[at]] for row in rows(count, seed)])
