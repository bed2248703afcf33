"""Paths on surfaces: every point is recorded; closed forms; noise affects only small batches."""

import json

import numpy as np
import pytest

import gdrun


def walk(**sections):
    return gdrun.train({"log": {"points": "all"}} | sections)


def test_gradient_descent_on_a_bowl_follows_the_closed_form():
    run = walk(
        surface={"name": "bowl", "condition": 4.0, "start": [2.0, -1.0]},
        variant="bgd",
        optimizer={"name": "vanilla", "lr": 0.3},
        stopping={"steps": 20},
    )
    # x ← (1 − α) x and y ← (1 − α κ) y with α = 0.3 and κ = 4: factors 0.7 and −0.2.
    k = np.arange(1, 21)
    assert run.steps["x"] == pytest.approx(2.0 * 0.7**k, rel=1e-12)
    assert run.steps["y"] == pytest.approx(-1.0 * (-0.2) ** k, rel=1e-9, abs=1e-15)
    assert run.summary["place"] == pytest.approx([2.0 * 0.7**20, -((-0.2) ** 20)], abs=1e-12)
    # The only minimum is the origin, and 0.2²⁰ ≈ 1e-14 adds nothing to 2 · 0.7²⁰.
    assert run.summary["distance"] == pytest.approx(2.0 * 0.7**20, rel=1e-9)


def test_the_stability_limit_of_a_bowl_is_two_over_the_largest_curvature():
    # Stable below 2/κ = 0.2 for κ = 10: |1 − α κ| = 0.99 at α = 0.199 and 1.01 at 0.201.
    losses = [
        walk(
            surface={"name": "bowl", "start": [0.0, 1.0]},
            variant="bgd",
            optimizer={"name": "vanilla", "lr": lr},
            stopping={"steps": 100},
        ).summary["train_loss"]
        for lr in (0.199, 0.201)
    ]
    assert losses[0] == pytest.approx(5 * 0.99**200, rel=1e-9)
    assert losses[1] == pytest.approx(5 * 1.01**200, rel=1e-9)


@pytest.mark.longer
def test_noise_moves_single_examples_and_not_the_whole():
    def final(variant, noise):
        run = walk(
            surface={"name": "bowl", "noise": noise, "examples": 50},
            variant=variant,
            optimizer={"name": "vanilla", "lr": 0.05},
            stopping={"steps": 500},
        )
        return run.summary["distance"]

    assert final("bgd", 1.0) == pytest.approx(final("bgd", 0.0), rel=1e-9)
    assert final("sgd", 1.0) > 100 * final("bgd", 1.0)


def test_every_place_is_in_the_trace_file(tmp_path):
    run = gdrun.train(
        {"surface": "rosenbrock", "variant": "bgd", "stopping": {"steps": 7}},
        "lr=0.001",
        out=tmp_path,
    )
    lines = [json.loads(line) for line in (run.directory / "trace.jsonl").read_text().splitlines()]
    places = [(line["x"], line["y"]) for line in lines if line["kind"] == "step"]
    assert places == list(zip(run.steps["x"].tolist(), run.steps["y"].tolist(), strict=True))
    assert places[-1] == tuple(run.summary["place"])


@pytest.mark.longer
def test_a_long_walk_is_not_thinned():
    stopping = {"steps": 1500, "epochs": 1500}
    run = gdrun.train({"surface": "bowl", "variant": "bgd", "stopping": stopping}, "lr=0.01")
    # x ← (1 − α) x from the bowl's own start, −4: every one of the 1,500 places.
    assert run.steps["x"] == pytest.approx(-4.0 * 0.99 ** np.arange(1, 1501), rel=1e-9)


def test_divergence_on_a_surface_is_found():
    run = walk(
        surface="rosenbrock",
        variant="bgd",
        optimizer={"name": "vanilla", "lr": 1.0},
        stopping={"steps": 50},
    )
    assert run.status == "diverged"
    assert len(run.steps["x"]) == run.stop["step"] < 5
