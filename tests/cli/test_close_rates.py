"""Sweeps over rates that differ in late digits, as around the stability limit 2/L."""

import re

import pytest

from gdrun.study.judgement.edges import _range

# f(x, y) = x²/2 + 5 y² has L = 10, and 2/L = 0.2.
BOWL = (
    *("surface=bowl", "variant=bgd", "optimizer=vanilla", "schedule=constant"),
    *("steps=400", "engine=numpy"),
)


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


def test_rates_are_told_apart_and_shown_as_typed(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = gdrun("sweep", "lr=0.19999,0.2,0.20001", *BOWL)
    assert re.findall(r"^ *(0\.\d+)  ", answer.out, re.MULTILINE) == ["0.19999", "0.2", "0.20001"]
    assert "0.19999 was stable, 0.2 was not; 2/L = 0.2" in " ".join(answer.out.split())
    answer = gdrun("sweep", "lr=0.19999,0.2001", *BOWL)
    assert re.findall(r"^ *(0\.\d+)  ", answer.out, re.MULTILINE) == ["0.19999", "0.2001"]


@pytest.mark.parametrize(
    ("start", "stop", "count", "text"),
    [
        (1e-3, 10.0, 5, "log:0.001:10:5"),
        (0.381234, 0.424567, 5, "log:0.3812:0.4246:5"),
        (0.19998, 0.2, 3, "log:0.19998:0.2:3"),
        (0.1999979, 0.2000001, 3, "log:0.1999979:0.2000001:3"),
    ],
)
def test_the_ends_of_a_range_have_the_digits_that_it_needs(start, stop, count, text):
    assert _range("log", start, stop, count) == text
