"""The packaged datasets have the statistics that were published for them."""

import numpy as np
import pytest

from gdrun.data import DATASETS, load_table, packaged
from gdrun.data.sources import is_generated

PACKAGED = [
    name
    for name, definition in DATASETS.items()
    if definition.function.__module__ == packaged.__name__
]
every_set = pytest.mark.parametrize("name", PACKAGED)

SHAPES = {
    "iris": (150, 4),
    "wine": (178, 13),
    "breast-cancer": (569, 30),
    "digits": (1797, 64),
    "diabetes": (442, 10),
}
"""Rows and features, as their repositories and papers state them."""

CLASS_COUNTS = {
    "iris": {"setosa": 50, "versicolor": 50, "virginica": 50},
    "wine": [59, 71, 48],
    "breast-cancer": {"malignant": 212, "benign": 357},
    # The counts of optdigits.tes, from the description of the UCI file.
    "digits": dict(
        zip("0123456789", [178, 182, 177, 183, 181, 182, 181, 179, 174, 180], strict=True)
    ),
}


def test_every_dataset_is_packaged_or_generated_or_handed_over():
    generated = {name for name, definition in DATASETS.items() if is_generated(definition)}
    assert generated | {*PACKAGED, "arrays"} == set(DATASETS)
    assert not generated & set(PACKAGED)


def test_the_shape_of_every_set_is_known_here():
    assert set(SHAPES) == set(PACKAGED)
    assert set(CLASS_COUNTS) == {name for name in PACKAGED if load_table({"name": name}).classes}


@every_set
def test_rows_and_features(name):
    table = load_table({"name": name})
    assert table.X.shape == SHAPES[name]
    assert table.X.dtype == np.float64
    assert table.y.shape == SHAPES[name][:1]
    assert len(set(table.feature_names)) == SHAPES[name][1]
    assert table.target_name not in table.feature_names
    assert table.name == name


@every_set
def test_nothing_is_missing(name):
    table = load_table({"name": name})
    assert np.isfinite(table.X).all()
    assert np.isfinite(table.y).all()


@every_set
def test_source_and_licence_are_noted(name):
    doc = DATASETS[name].doc
    # A year of four digits, and an author before it.
    assert any(word.strip(",;").isdigit() and len(word) >= 4 for word in doc.source.split())
    assert doc.extra["Licence"]


@every_set
def test_a_set_is_read_afresh(name):
    first = load_table({"name": name})
    sha256 = first.sha256
    first.X[0, 0] += 1
    assert first.sha256 != sha256
    assert load_table({"name": name}).sha256 == sha256


@pytest.mark.parametrize("name", CLASS_COUNTS)
def test_class_counts(name):
    table = load_table({"name": name})
    counts = np.bincount(table.y)
    known = CLASS_COUNTS[name]
    if isinstance(known, list):
        np.testing.assert_array_equal(counts, known)
    else:
        assert dict(zip(table.classes, counts.tolist(), strict=True)) == known


def test_iris_means_are_those_of_fishers_table():
    # Fisher 1936, table II: the means of 50 plants each, in cm.
    table = load_table({"name": "iris"})
    published = {
        "setosa": [5.006, 3.428, 1.462, 0.246],
        "versicolor": [5.936, 2.770, 4.260, 1.326],
        "virginica": [6.588, 2.974, 5.552, 2.026],
    }
    for code, species in enumerate(table.classes):
        # Sums of 50 tenths of a cm have means in steps of 0.002: exact in three decimals.
        assert table.X[table.y == code].mean(axis=0) == pytest.approx(published[species], abs=1e-9)


def test_wine_means_and_ranges():
    # The summary that scikit-learn prints for the UCI file: min, max, mean of six columns.
    table = load_table({"name": "wine"})
    published = {
        0: (11.0, 14.8, 13.0),  # alcohol
        1: (0.74, 5.80, 2.34),  # malic acid
        4: (70.0, 162.0, 99.7),  # magnesium
        6: (0.34, 5.08, 2.03),  # flavanoids
        9: (1.3, 13.0, 5.1),  # colour intensity
        12: (278, 1680, 746),  # proline
    }
    for column, (low, high, mean) in published.items():
        values = table.X[:, column]
        digits = len(str(low).partition(".")[2])
        # Half a unit of the last place, and a bit for a printed 746 of 746.89 that was cut.
        tolerance = 10.0**-digits
        assert [values.min(), values.max(), values.mean()] == pytest.approx(
            [low, high, mean], abs=tolerance
        )


def test_breast_cancer_ranges():
    # Of the first four columns: mean radius, texture, perimeter and area of the UCI summary.
    X = load_table({"name": "breast-cancer"}).X
    np.testing.assert_array_equal(X[:, :4].min(axis=0), [6.981, 9.71, 43.79, 143.5])
    np.testing.assert_array_equal(X[:, :4].max(axis=0), [28.11, 39.28, 188.5, 2501.0])


def test_digits_are_counts_of_set_pixels():
    # Each value counts the set pixels of a 4×4 block: whole, from 0 to 16.
    X = load_table({"name": "digits"}).X
    np.testing.assert_array_equal(X, np.round(X))
    assert X.min() == 0
    assert X.max() == 16
    assert np.count_nonzero(X.max(axis=0) == 0) == 3


def test_diabetes_has_the_coefficients_of_the_lars_paper():
    # Efron et al. 2004 fit columns of mean 0 and length 1; the full least-squares solution, as
    # the lars package prints it, in the order age, sex, bmi, bp, s1 … s6.
    table = load_table({"name": "diabetes"})
    X = table.X - table.X.mean(axis=0)
    X /= np.linalg.norm(X, axis=0)
    coefficients = np.linalg.lstsq(X, table.y - table.y.mean(), rcond=None)[0]
    published = [-10.0, -239.8, 519.8, 324.4, -792.2, 476.7, 101.0, 177.1, 751.3, 67.6]
    assert coefficients == pytest.approx(published, abs=0.051)
    assert (table.y.min(), table.y.max()) == (25, 346)
    assert table.y.mean() == pytest.approx(152.133, abs=5e-4)
