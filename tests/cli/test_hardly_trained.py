"""The best by a metric that is no loss may have learned little: the last lines say so."""

import re

import numpy as np
import pytest

SAID = re.compile(r"^the best (setting|contender) has learned little", re.MULTILINE)
WORDS = ("-c", "cross.csv", "validation=later.csv", "model=logistic", "variant=bgd", "epochs=60")


@pytest.fixture
def cross(tmp_path, monkeypatch):
    """Training rows whose first gradient points elsewhere than their minimum, and later rows.

    x = u + e and z = u − e, with standard deviations of 3 for u and 1 for e. The label is the sign
    of e + 0.2 u, so that at zero weights the gradient is mostly along u, and the minimum mostly
    along e. The label of the later rows is the sign of u: one tiny step has the better ROC AUC.
    """
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    for name, of_u, of_e in (("cross.csv", 0.2, 1), ("later.csv", 1, 0)):
        u, e = rng.normal(size=400) * 3, rng.normal(size=400)
        label = np.where(of_u * u + of_e * e > 0, "yes", "no")
        rows = [f"{a},{b},{c}" for a, b, c in zip(u + e, u - e, label, strict=True)]
        (tmp_path / name).write_text("\n".join(["x,z,y", *rows, ""]), encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "row"),
    [
        (("compare", "momentum+lr=1e-6", "momentum+lr=0.3"), "momentum+lr=1e-6"),
        (("compare", "momentum", "adam", "--tune", "lr=1e-7,0.3"), ""),
        (("sweep", "lr=1e-6,0.3"), "lr=1e-06"),
    ],
)
def test_the_best_that_has_learned_little_is_not_recommended_in_silence(gdrun, cross, command, row):
    answer = gdrun(*command, *WORDS, "--metric", "roc_auc", "--seeds", "1")
    assert answer.code == 0
    assert SAID.search(answer.out)
    page = " ".join(answer.out.split())
    assert re.search(rf"best {re.escape(row)}.*its training loss made 0\.\d+ % of the best", page)
    assert SAID.search(gdrun("show").out)
    # By the loss on the training rows the trained one is the best.
    answer = gdrun(*command, *WORDS, "--metric", "train_loss", "--seeds", "1")
    assert answer.code == 0
    assert "learned little" not in answer.out
