"""A sweep says why rates above the limit of theory may be stable, and how to see the limit."""

import io

import pytest
from rich.console import Console

import gdrun
from gdrun.views.sweeps import sweep_result

BOWL = {"surface": "bowl", "optimizer": "vanilla"}  # L = 10, 2/L = 0.2
RATES = {"lr": [0.1, 0.23]}
LOGISTIC = {"dataset": "breast-cancer", "model": "logistic"}


def stability(config, *overrides):
    screen = Console(width=1000, file=io.StringIO())
    screen.print(sweep_result(gdrun.sweep(config, RATES, "epochs=100", *overrides, seeds=1)))
    lines = screen.file.getvalue().splitlines()
    return next(line for line in lines if line.startswith("stability"))


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        (["schedule=cosine"], "because cosine changes the rate: schedule=constant keeps it"),
        (["schedule.warmup=3"], "because the warm-up changes the rate: warmup=0 keeps it"),
        (
            ["schedule=cosine", "schedule.warmup=3"],
            "because cosine and the warm-up change the rate: schedule=constant warmup=0 keeps it",
        ),
    ],
)
def test_a_changing_rate_is_named_as_the_reason(overrides, reason):
    expected = (
        f"2/L = 0.2 are guaranteed to be stable near a minimum, and larger ones may be, {reason}"
    )
    assert expected in stability(BOWL, *overrides)


def test_full_batches_of_data_name_it_too():
    words = stability(LOGISTIC, "variant=bgd", "optimizer=vanilla", "schedule=cosine")
    assert "because cosine changes the rate: schedule=constant keeps it" in words


def test_where_the_rate_stays_no_reason_is_given():
    assert "2/L = 0.2 is the limit in theory" in stability(BOWL, "schedule=constant")
    words = stability(LOGISTIC, "variant=bgd", "optimizer=vanilla", "schedule=constant")
    assert "larger ones may be (L = " in words


def test_mini_batches_have_another_reason():
    words = stability(LOGISTIC, "variant=mbgd", "optimizer=vanilla", "schedule=cosine")
    assert "larger ones may be (L = " in words
