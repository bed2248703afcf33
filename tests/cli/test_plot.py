"""`gdrun plot --schedule`: the planned rates, without training."""

import json
import re
from pathlib import Path

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


@pytest.mark.longer
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


@pytest.mark.longer
def test_several_schedules_lead_to_their_comparison(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("iris.yaml").write_text("{dataset: iris, model: softmax, engine: numpy}")
    answer = gdrun("plot", "--schedule", "iris.yaml", "schedule=step,cosine", "epochs=2")
    (*_, command) = answer.out.splitlines()
    assert command == "  gdrun compare step cosine -c iris.yaml epochs=2"
    compared = gdrun(*command.split()[1:], "--seeds", "1", "--json")
    names = [each["name"] for each in json.loads(compared.out)["ranking"]]
    assert sorted(names) == ["cosine", "step"]


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


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("lr=0.1,0.2", "beta=0,0.5", "dampening=0,0.5"), "a sweep over 3 keys"),
        (("optimizer=vanilla,adam",), "no picture shows optimizer, which has no numbers"),
        (
            (
                "optimizer=momentum,nesterov,adam",
                "lr",
                "--search",
                "random",
                "--trials",
                "15",
            ),
            "would be almost empty",
        ),
    ],
)
def test_a_sweep_without_a_picture_leads_to_its_report(gdrun, tmp_path, monkeypatch, words, reason):
    monkeypatch.chdir(tmp_path)
    base = ("surface=bowl", "optimizer=momentum", "epochs=none", "steps=3")
    base = base if not words[0].startswith("optimizer") else (base[0], *base[2:])
    gdrun("sweep", *words, *base, "--seeds", "1", "-q")
    for command in (("plot",), ("plot", "--kind", "sensitivity"), ("plot", "-o", "plot.png")):
        answer = gdrun(*command)
        assert answer.code == 2
        # Who names the curve reads nothing of a heat map.
        curve = "sensitivity" in command and "almost empty" in reason
        assert ("curve needs a sweep over one key, and this one" if curve else reason) in answer.err
        (hinted,) = re.findall(r"`gdrun (report .*)` shows all keys", answer.err)
    report = gdrun(*hinted.split(), "-o", "page.html")
    assert report.code == 0
    assert "parallel" in Path("page.html").read_text(encoding="utf-8")


@pytest.mark.longer
def test_a_random_search_over_two_keys_is_drawn_to_a_file(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    search = ("lr", "beta", "--search", "random", "--trials", "6", "--seeds", "1")
    gdrun("sweep", *search, "surface=bowl", "optimizer=momentum", "epochs=none", "steps=3", "-q")
    answer = gdrun("plot")
    said = "error: the terminal cannot draw scatter\nhint: add -o scatter.png\n"
    assert (answer.code, answer.out, answer.err) == (2, "", said)
    assert gdrun("plot", "-o", "scatter.svg").code == 0
    assert "learning rate" in Path("scatter.svg").read_text(encoding="utf-8")
    # A heat map that is named is drawn, however empty.
    assert gdrun("plot", "--kind", "heat").code == 0
