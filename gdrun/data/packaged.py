"""Real datasets that are part of the package: small, well known, and without missing values."""

from __future__ import annotations

from importlib import resources

import numpy as np

from gdrun.data.table import Table


def iris() -> Table:
    """Iris: 150 flowers, 4 measurements in cm, 3 species of 50 each.

    One species is linearly separable from the other two, which overlap. The numbers are those of
    Fisher's paper; the copy at UCI differs from the paper in samples 35 and 38.

    Source: Fisher 1936, The use of multiple measurements in taxonomic problems; UCI Machine
    Learning Repository, doi:10.24432/C56C76.

    Licence: CC BY 4.0
    """
    return _read("iris", target_name="species")


def wine() -> Table:
    """Wine: 178 wines from 3 cultivators, 13 chemical measurements.

    The classes have 59, 71 and 48 wines. The scales of the columns differ by a factor of thousands,
    so gradient descent is slow without standardisation.

    Source: Forina et al. 1988, PARVUS; Aeberhard and Forina 1992, Wine, UCI Machine Learning
    Repository, doi:10.24432/C5PC7J.

    Licence: CC BY 4.0
    """
    return _read("wine", target_name="cultivator")


def breast_cancer() -> Table:
    """Breast cancer Wisconsin (diagnostic): 569 tumours, 30 measurements of the cell nuclei.

    212 tumours are malignant (code 0) and 357 are benign (code 1).

    Source: Street, Wolberg and Mangasarian 1993, Nuclear feature extraction for breast tumor
    diagnosis; UCI Machine Learning Repository, doi:10.24432/C5DW2B.

    Licence: CC BY 4.0
    """
    return _read("breast-cancer", target_name="diagnosis")


def digits() -> Table:
    """Handwritten digits: 1797 images of 8×8 pixels with values 0 to 16, 10 classes.

    The images are the test set of the original collection, with digits of 13 writers. Three pixels
    at the border are 0 in every image.

    Source: Alpaydin and Kaynak 1998, Optical recognition of handwritten digits; UCI Machine
    Learning Repository, doi:10.24432/C50P49.

    Licence: CC BY 4.0
    """
    return _read("digits", target_name="digit")


def diabetes() -> Table:
    """Diabetes: 442 patients, 10 measurements, disease progression after one year (25 to 346).

    The features are not scaled: age in years, sex as 1 or 2, body mass index, mean blood pressure,
    and six blood serum measurements s1 to s6.

    Source: Efron, Hastie, Johnstone and Tibshirani 2004, Least angle regression.

    Licence: the authors offer the data for download and state no licence; scikit-learn includes it
    """
    return _read("diabetes", target_name="progression")


def _read(name: str, *, target_name: str) -> Table:
    file = resources.files("gdrun.data") / "sets" / f"{name}.npz"
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        classes = tuple(map(str, arrays["classes"])) if "classes" in arrays else ()
        return Table(
            name=name,
            X=arrays["X"].astype(np.float64),
            y=arrays["y"].astype(np.int64 if classes else np.float64),
            feature_names=tuple(map(str, arrays["feature_names"])),
            target_name=target_name,
            classes=classes,
        )
