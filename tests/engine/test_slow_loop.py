"""The training loop equals a textbook loop in every step: losses, variants, rules, schedules."""

import itertools
import math

import numpy as np
import pytest
import slow_loop
from slow_loop import SlowLoop

import gdrun
from gdrun.problems.losses import LOSSES

ROWS, EPOCHS, LR = 11, 4, 0.07
RNG = np.random.default_rng(5)
X = RNG.normal(size=(ROWS, 3))
NUMBERS = X @ [1.0, -2.0, 0.5] + 0.3 * RNG.normal(size=ROWS)
TWO, THREE = (NUMBERS > 0).astype(int), np.arange(ROWS) % 3

LOSS_CASES = {
    "mse": ("linear", slow_loop.squared, NUMBERS, 1),
    "mae": ("linear", slow_loop.absolute, NUMBERS, 1),
    "huber": ("linear", slow_loop.huber, NUMBERS, 1),
    "pinball": ("linear", slow_loop.pinball, NUMBERS, 1),
    "logistic": ("logistic", slow_loop.binary_cross_entropy, TWO, 1),
    "cross_entropy": ("softmax", slow_loop.cross_entropy, THREE, 3),
    "hinge": ("svm", slow_loop.hinge, THREE, 3),
    "squared_hinge": ("svm", slow_loop.squared_hinge, THREE, 3),
}
VARIANTS = {
    "bgd": ({"name": "bgd"}, ROWS),
    "sgd": ({"name": "sgd"}, 1),
    "mbgd": ({"name": "mbgd", "batch_size": 4}, 4),
}
RULES = {
    "vanilla": slow_loop.vanilla,
    "momentum": slow_loop.momentum,
    "rmsprop": slow_loop.rmsprop,
    "adam": slow_loop.adam,
}
SCHEDULES = [
    ("constant", lambda t, T: LR),
    ({"name": "step", "gamma": 0.5, "drop_every": 2}, lambda t, T: LR * 0.5 ** (t // 2)),
    ({"name": "exponential", "decay": 0.3}, lambda t, T: LR * math.exp(-0.3 * t)),
    ({"name": "polynomial", "power": 2.0}, lambda t, T: LR * (1 - t / T) ** 2),
    ("cosine", lambda t, T: LR / 2 * (1 + math.cos(math.pi * t / T))),
]
CLIPS = [
    ({}, {}),
    ({"norm": 0.8}, {"clip_norm": 0.8}),
    ({"value": 0.3}, {"clip_value": 0.3}),
    ({"norm": 1.0, "value": 0.4}, {"clip_norm": 1.0, "clip_value": 0.4}),
]
WARMUPS = [{}, {"warmup": 2}, {"warmup": 1.5, "warmup_start": "one"}]


def rate_by(form, per, warmup, batches):
    """lr(t) = lr₀ t/n in the warm-up of n, then the form from t − n on with what is left as T."""
    n = warmup.get("warmup", 0)
    length = EPOCHS * batches if per == "step" else EPOCHS

    def rate(epoch, steps):
        t = steps if per == "step" else epoch
        if t < n:
            return LR * (t + (warmup.get("warmup_start") == "one")) / n
        return form(t - n, length - n)

    return rate


def cases():
    """Every loss × variant × rule, with schedules, clips and the rest dealt out in turn."""
    others = itertools.cycle(
        itertools.product(WARMUPS, CLIPS, SCHEDULES, ("epoch", "step"), (0.0, 0.05))
    )
    for number, words in enumerate(itertools.product(LOSS_CASES, VARIANTS, RULES)):
        # 7 shares no factor with the 240 combinations, so neighbours differ in most of them.
        warmup, clip, schedule, per, l2 = next(itertools.islice(others, 6, None))
        yield pytest.param(*words, warmup, clip, schedule, per, l2, number, id="-".join(words))


def test_every_loss_has_a_case():
    assert set(LOSS_CASES) == set(LOSSES)


@pytest.mark.longer
@pytest.mark.parametrize(
    ("loss", "variant", "rule", "warmup", "clip", "schedule", "per", "l2", "seed"), list(cases())
)
def test_every_step_is_the_textbooks(loss, variant, rule, warmup, clip, schedule, per, l2, seed):
    model, slow_loss, y, outputs = LOSS_CASES[loss]
    section, batch = VARIANTS[variant]
    form, slow_rate = schedule
    form = {"name": form} if isinstance(form, str) else form
    chosen = {} if model in ("logistic", "softmax") else {"loss": loss}
    run = gdrun.train(
        {
            "dataset": {"split": {"validation": 0, "test": 0}, "standardize": False},
            "seed": seed,
            "model": {"name": model, "l2": l2} | chosen,
            "variant": section,
            "optimizer": {"name": rule, "lr": LR},
            "schedule": form | {"per": per} | warmup,
            "clip": clip[0],
            "stopping": {"epochs": EPOCHS},
            "log": {"points": "all"},
        },
        data=(X, y),
    )
    slow = SlowLoop(
        X.tolist(),
        y.tolist(),
        slow_loss,
        outputs,
        RULES[rule],
        rate_by(slow_rate, per, warmup, -(-ROWS // batch)),
        batch,
        l2=l2,
        seed=seed,
        **clip[1],
    )
    losses, accuracies = [slow.train_loss()], [slow.accuracy()]
    for epoch in range(EPOCHS):
        slow.epoch(epoch)
        losses.append(slow.train_loss())
        accuracies.append(slow.accuracy())
    for name in ("step", "gradients", "batch_size", "clipped"):
        assert run.steps[name].tolist() == slow.column(name), name
    for name in ("epoch", "lr", "batch_loss", "grad_norm", "update_norm", "weight_norm"):
        np.testing.assert_allclose(
            run.steps[name], slow.column(name), rtol=1e-9, atol=1e-12, err_msg=name
        )
    np.testing.assert_allclose(run.evals["train_loss"], losses, rtol=1e-9)
    assert run.evals["epoch"].tolist() == list(range(EPOCHS + 1))
    if model != "linear":
        assert run.evals["train_accuracy"].tolist() == pytest.approx(accuracies, rel=1e-12)
    weights = np.array(slow.W)
    assert run.weights["w"].T.ravel() == pytest.approx(weights[:, :-1].ravel(), rel=1e-8, abs=1e-12)
    assert np.ravel(run.weights["b"]) == pytest.approx(weights[:, -1], rel=1e-8, abs=1e-12)
    summary = run.summary
    rising = sum(after > before for before, after in itertools.pairwise(slow.column("batch_loss")))
    assert summary["rising_share"] == pytest.approx(rising / (len(slow.steps) - 1))
    assert summary["clipped_share"] == pytest.approx(np.mean(slow.column("clipped")))
    assert summary["largest_grad_norm"] == pytest.approx(max(slow.column("grad_norm")), rel=1e-9)
