"""A praised rate whose runs first rose well above their start: the tables say so."""

import re

import pytest


@pytest.mark.longer
def test_a_good_rate_whose_runs_rose_first_is_not_plainly_good(gdrun, tmp_path):
    """Adam with lr 0.8 throws the weights far, and the cosine schedule brings them back."""
    words = ("dataset=breast-cancer", "model=logistic", "variant=mbgd", "optimizer=adam")
    rest = ("schedule=cosine", "epochs=60", "engine=numpy", "l2=0.1", "--seeds", "2")
    answer = gdrun("sweep", "lr=0.03,0.8", *words, *rest, "-o", str(tmp_path))
    assert answer.code == 0
    rows = {line.split()[0]: line for line in answer.out.splitlines() if line.strip()}
    assert re.match(r" *0.8 +(good|best), 2 of 2 rose first ", rows["0.8"])
    assert "rose first" not in rows["0.03"]
    assert "rose first   lr=0.8 (2 of 2 runs" in answer.out
    compared = gdrun(
        "compare", "adam+lr=0.03", "adam+lr=0.8", *words[:3], *rest, "-o", str(tmp_path)
    )
    assert compared.code == 0, compared.err
    assert "rose first   adam+lr=0.8 (2 of 2 runs" in compared.out
