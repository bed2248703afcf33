"""Sweeps over rates that differ in late digits, as around the stability limit 2/L."""

import re
from itertools import pairwise

import pytest

from gdrun.config.values import parse_sweep
from gdrun.study.judgement.wider_ranges import TriedRange, wider_grid

# f(x, y) = x²/2 + 5 y² has L = 10, and 2/L = 0.2.
BOWL = (
    *("surface=bowl", "variant=bgd", "optimizer=vanilla", "schedule=constant"),
    *("steps=400", "engine=numpy"),
)


@pytest.mark.longer
@pytest.mark.parametrize(
    "rates",
    [
        "0.19999,0.2,0.20001",
        "0.199999,0.2,0.2000001",
        "0.199999,0.199998,0.199997",
        "0.199995,0.2,0.20002,0.200001",
        "0.1,0.10000000000000002,0.10000000000000003",
    ],
)
def test_close_rates_are_swept_and_shown_again(gdrun, tmp_path, monkeypatch, rates):
    monkeypatch.chdir(tmp_path)
    answer = gdrun("sweep", f"lr={rates}", *BOWL)
    assert (answer.code, answer.err) == (0, "")
    assert gdrun("show", "last").code == 0
    if proposed := re.search(r"lr=(?:lin|log):\S+", answer.out):
        assert gdrun("sweep", proposed[0], *BOWL).code == 0


@pytest.mark.longer
def test_rates_are_told_apart_and_shown_as_typed(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = gdrun("sweep", "lr=0.19999,0.2,0.20001", *BOWL)
    assert re.findall(r"^ *(0\.\d+)  ", answer.out, re.MULTILINE) == ["0.19999", "0.2", "0.20001"]
    assert "0.19999 was stable, 0.2 was not; 2/L = 0.2" in " ".join(answer.out.split())
    answer = gdrun("sweep", "lr=0.19999,0.2001", *BOWL)
    assert re.findall(r"^ *(0\.\d+)  ", answer.out, re.MULTILINE) == ["0.19999", "0.2001"]


@pytest.mark.parametrize(
    "values",
    [
        (1e-3, 1e-2, 0.1, 1.0, 10.0),
        (0.381234, 0.402, 0.424567),
        (0.19998, 0.19999, 0.2),
        (0.1999979, 0.199999, 0.2000001),
    ],
)
def test_a_wider_range_has_the_digits_that_its_values_need(values):
    tried = TriedRange(values[0], values[-1], "log", False, False, lambda value: value < 20)
    found = parse_sweep(wider_grid(tried, values))
    step = min(b - a for a, b in pairwise(values))
    for value in values:
        assert min(abs(each - value) for each in found) <= step / 1000
    assert max(found) > max(values)
