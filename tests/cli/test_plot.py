"""`gdrun plot --schedule`: the planned rates, without training."""

import json

import pytest


def planned(gdrun, *words):
    answer = gdrun("plot", "--schedule", "--json", *words)
    assert answer.code == 0
    return json.loads(answer.out)


def test_a_step_schedule_in_numbers(gdrun):
    words = ("schedule={name: step, gamma: 0.5, drop_every: 2}", "lr=0.8", "epochs=6")
    # lr₀ · ½^⌊t/2⌋ at t = 0 … 5.
    assert planned(gdrun, *words) == {
        "epoch": [0, 1, 2, 3, 4, 5],
        "lr": [0.8, 0.8, 0.4, 0.4, 0.2, 0.2],
    }


def test_warm_up_per_step(gdrun):
    words = ("schedule={name: constant, per: step, warmup: 4}", "lr=1.0")
    found = planned(gdrun, *words, "steps=6")
    assert found["step"] == [0, 1, 2, 3, 4, 5]
    assert found["lr"] == [0, 0.25, 0.5, 0.75, 1, 1]


def test_cycled_momentum_is_drawn_too(gdrun):
    found = planned(gdrun, "schedule=one_cycle", "epochs=10")
    assert len(found["momentum"]) == len(found["lr"]) == 10
    # High rate and high momentum exclude each other.
    assert found["momentum"][found["lr"].index(max(found["lr"]))] == min(found["momentum"])


def test_the_picture(gdrun):
    answer = gdrun("plot", "--schedule", "schedule=cosine", "lr=0.1", "epochs=5")
    assert answer.code == 0
    assert "lr(t) = lr_min + ½ (lr₀ − lr_min) (1 + cos(π t/T))" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80


def test_several_schedules_are_drawn_together(gdrun, tmp_path):
    names = ["step", "cosine"]
    words = ("schedule=step,cosine", "lr=0.1", "epochs=20")
    alone = [planned(gdrun, f"schedule={name}", *words[1:]) for name in names]
    assert planned(gdrun, *words) == dict(zip(names, alone, strict=True))
    out = gdrun("plot", "--schedule", *words).out
    assert out.startswith("quickstart: step, cosine\nstep: lr(t) = ")
    assert "  a  step\n  b  cosine\n" in out
    file = tmp_path / "both.svg"
    assert gdrun("plot", "--schedule", *words, "-o", str(file)).code == 0
    assert ">cosine<" in file.read_text(encoding="utf-8")


def test_a_schedule_that_follows_the_loss_says_so(gdrun):
    assert "this is not drawn" in gdrun("plot", "--schedule", "schedule=plateau").out


@pytest.mark.parametrize("word", ["configs/quickstart.yaml", "lr=0.1"])
def test_a_config_needs_schedule(gdrun, word):
    answer = gdrun("plot", word)
    assert answer.code == 2
    hint = "add --schedule to draw the schedule of a config"
    assert answer.err == f"error: {word}: is not a run\nhint: {hint}\n"


@pytest.mark.parametrize("width", [40, 120])
def test_the_picture_has_the_width_of_the_terminal(gdrun, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = gdrun("plot", "--schedule").out.splitlines()
    # At most 100 characters are used.
    assert max(map(len, lines)) == min(width, 100)
