"""Losses and surfaces of plugins: they train like those of gdrun, and a wrong slope is named."""

import re

import numpy as np
import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.errors import GdrunError
from gdrun.insight.theory import theory_of
from gdrun.methods import plugins
from gdrun.methods.plugin_kinds import KINDS

pytestmark = pytest.mark.usefixtures("registries")

CAUCHY = '''
import numpy as np
from gdrun import Positive, loss

@loss(convex=False)
def cauchy(s, y, scale: Positive = 1.0):
    """Cauchy's loss.

    ℓ = ½ log(1 + r²/c²),  dℓ/ds = r / (c² + r²),  r = s − y
    """
    r = s - y
    return 0.5 * np.log1p((r / scale) ** 2), r / (scale * scale + r * r)
'''
BOOTH = '''
from gdrun import surface

@surface(start=(4.0, 4.0), minima=((1.0, 3.0),))
def booth(x, y):
    """Booth's function.

    f = (x + 2y − 7)² + (2x + y − 5)²
    """
    first, second = x + 2 * y - 7, 2 * x + y - 5
    return first**2 + second**2, 2 * first + 4 * second, 4 * first + 2 * second
'''

QUARTIC = '''
from gdrun import surface

@surface(start=(1.0, 1.0), minima=((0.0, 0.0),))
def quartic(x, y):
    """A convex quartic.

    f = x² + xy + 2y² + x⁴
    """
    return x**2 + x * y + 2 * y**2 + x**4, 2 * x + y + 4 * x**3, x + 4 * y
'''


def declaring(text, words):
    """The text of a surface that also declares `words`."""
    return text.replace("),))", f"),), {words})")


def data():
    random = np.random.default_rng(0)
    X = random.normal(size=(120, 2))
    return X, X @ [2.0, -1.0] + 0.5 + 0.1 * random.standard_cauchy(size=120)


PLAIN = {
    "dataset": {"standardize": False, "split": {"validation": 0, "test": 0}},
    "model": {"name": "linear", "loss": "cauchy", "scale": 2.0, "l2": 0},
    "variant": "bgd",
    "optimizer": {"name": "vanilla", "lr": 0.5},
    "schedule": "constant",
    "stopping": {"epochs": 40},
}


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_a_loss_trains_as_its_gradient_says(plugin, engine):
    assert plugin(CAUCHY) == ("cauchy",)
    X, y = data()
    run = gdrun.train(PLAIN | {"engine": engine}, data=(X, y))
    assert run.record["engine"] == engine
    w, b = np.zeros(2), 0.0
    for _ in range(40):
        r = X @ w + b - y
        slopes = r / (4 + r**2)
        w, b = w - 0.5 * X.T @ slopes / len(y), b - 0.5 * slopes.mean()
    assert run.weights["w"] == pytest.approx(w, rel=1e-9)
    assert run.weights["b"] == pytest.approx(b, rel=1e-9)
    r = X @ w + b - y
    assert run.summary["train_loss"] == pytest.approx(np.mean(np.log1p(r**2 / 4)) / 2, rel=1e-9)


def test_theory_says_no_more_than_a_loss_declares(plugin):
    """Without a declared curvature there is no limit; a loss that is not convex has no minimum."""
    plugin(CAUCHY)
    found = theory_of(load(PLAIN | {"dataset": "diabetes"}))
    assert (found.convex, found.minimum) == (False, None)
    assert (found.constants.L, found.constants.mu) == (None, None)
    assert found.constants.L_is.startswith("unknown")
    assert gdrun.sweep(PLAIN | {"dataset": "diabetes"}, {"lr": [0.1, 1.0]}, seeds=1).limit is None


def test_a_surface_leads_to_its_minimum(plugin):
    plugin(BOOTH)
    config = {"surface": "booth", "variant": "bgd", "schedule": "constant"}
    run = gdrun.train(config | {"optimizer": {"name": "vanilla", "lr": 0.1}}, "steps=300")
    # The Hessian has the eigenvalues 2 and 18: (1 − 0.1 · 2)³⁰⁰ and (1 − 0.1 · 18)³⁰⁰ vanish.
    assert run.weights["w"] == pytest.approx([1, 3], abs=1e-9)


def of_surface(name, **sections):
    config = {"surface": name, "variant": "bgd", "schedule": "constant", **sections}
    return load(config | {"optimizer": {"name": "vanilla", "lr": 0.05}})


def shape(theory):
    return {each.name: each.holds for each in theory.assumptions if not each.of_run}


ALL = dict.fromkeys(("convex", "smooth", "strongly convex", "attained"), True)


def test_a_declared_quadratic_has_all_that_theory_knows(plugin):
    # Its Hessian [[10, 8], [8, 10]] has the eigenvalues 2 and 18.
    plugin(declaring(BOOTH, "quadratic=True"))
    found = theory_of(of_surface("booth"))
    assert shape(found) == ALL
    assert (found.constants.mu, found.constants.L) == (2.0, 18.0)
    assert (found.kappa, found.best_rate) == (pytest.approx(9), pytest.approx(0.1))
    assert [bound.name for bound in found.bounds] == ["smooth", "textbook", "linear", "gradient"]
    rates = [0.05, 0.1, 0.12, 0.2]
    swept = gdrun.sweep(of_surface("booth").plain(), {"lr": rates}, seeds=1)
    assert swept.limit.predicted == pytest.approx(2 / 18)
    assert (swept.limit.stable, swept.limit.unstable) == (0.1, 0.12)
    assert swept.limit.exact


def test_what_a_surface_does_not_declare_is_unknown(plugin):
    plugin(BOOTH)
    found = theory_of(of_surface("booth"))
    unknown = dict.fromkeys(("convex", "smooth", "strongly convex"))
    assert shape(found) == ALL | unknown
    why = {each.name: each.why for each in found.assumptions}
    assert why["smooth"].startswith("the curvatures are 2 and 18 at 202 points, which is no proof")
    assert "the same at 202 points" in found.constants.L_is
    plugin(QUARTIC)
    found = theory_of(of_surface("quartic"))
    assert shape(found) == ALL | unknown
    assert found.constants.L_is == "largest |λ| at the start only"


@pytest.mark.parametrize(
    ("words", "known"),
    [
        ("convex=True", {"smooth": None, "strongly convex": None}),
        ("curvatures=lambda: (1.5, float('inf'))", {"smooth": False}),
        ("curvatures=lambda: (0.0, float('inf'))", {"smooth": False, "strongly convex": False}),
    ],
)
def test_a_convex_surface_is_what_it_declares(plugin, words, known):
    plugin(declaring(QUARTIC, words))
    found = theory_of(of_surface("quartic"))
    assert shape(found) == ALL | known
    assert [bound.name for bound in found.bounds] == ["gradient"]


WAVES = '''
import numpy as np
from gdrun import surface

@surface(start=(2.0, 2.0), minima=((0.0, 0.0),))
def waves(x, y, c=0.1):
    """A bowl with waves.

    f = ½ (x² + 4y²) + c (1 − cos 3x)
    """
    return 0.5 * (x**2 + 4 * y**2) + c * (1 - np.cos(3 * x)), x + 3 * c * np.sin(3 * x), 4 * y
'''


@pytest.mark.parametrize(
    ("sine", "function"),
    [
        ("np.sin(3 * x)", None),
        ("np.nan_to_num(np.sin(3 * x))", "nan_to_num"),
        ("np.sin(np.asarray(3 * x))", "asarray"),
    ],
)
def test_the_curvature_of_a_surface_with_any_function_of_numpy(plugin, sine, function):
    # ∂²f/∂x² = 1 + 9c cos(3x), and ∂²f/∂y² = 4; at x = 2 the first one is 1 + 0.9 cos 6.
    plugin(WAVES.replace("np.sin(3 * x)", sine))
    found = theory_of(of_surface("waves")).constants
    known = 1 + 0.9 * np.cos(6), 4
    assert (found.mu, found.L) == pytest.approx(known, rel=1e-8 if function else 1e-14)
    assert found.differenced == function


def test_a_negative_curvature_is_named_with_its_point(plugin):
    # f = x² + xy + 2y² − x⁴/4 has ∂²f/∂x² = 2 − 3x²: at (1, 1) the Hessian is [[-1, 1], [1, 4]].
    text = QUARTIC.replace("+ x**4", "- x**4 / 4").replace("+ 4 * x**3", "- x**3")
    plugin(text)
    found = theory_of(of_surface("quartic"))
    why = {each.name: (each.holds, each.why) for each in found.assumptions}
    lowest = 1.5 - np.hypot(2.5, 1)
    assert why["convex"] == (False, f"f has the curvature {lowest:.4g} at (1, 1)")
    assert why["strongly convex"] == (False, "f is not convex")
    assert why["smooth"][0] is None


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            CAUCHY.replace(", r / (", ", 2 * r / ("),
            r"my.py:5: cauchy returns dℓ/ds = \S+ at s = \S+, y = \S+, but ℓ has the slope \S+",
            "correct the equation of dℓ/ds, or that of ℓ",
        ),
        (
            BOOTH.replace("4 * first + 2 * second", "4 * first - 2 * second"),
            r"my.py:4: booth returns ∂f/∂y = \S+ at x = \S+, y = \S+, but f has the slope \S+",
            "correct the equation of ∂f/∂y, or that of f",
        ),
        (
            BOOTH.replace("(1.0, 3.0)", "(1.0, 2.0)"),
            # Both residuals change: −2 and −1. The gradient is (−8, −10).
            r"has a gradient of length 12.8\d at its minimum \(1, 2\)",
            "correct `minima`",
        ),
        (
            CAUCHY.replace("return 0.5 *", "return -3 + 0.5 *"),
            "cauchy is -3 at s",
            "add a constant",
        ),
        # Its curvature, (1 − r²) / (1 + r²)², is lowest at r = √3: −1/8; and highest at 0: 1.
        (
            CAUCHY.replace("(convex=False)", ""),
            r"is not convex: its curvature is -0.12\d+ at",
            "convex=",
        ),
        (
            CAUCHY.replace("convex=False", "convex=False, curvature=lambda outputs, scale: 0.5"),
            r"has the curvature (1|0\.99\S*) at s = .*, but `curvature` returns 0.5",
            "largest second derivative",
        ),
        # Along x its curvature is 2 + 12x²: it is not the same everywhere, and has no bound.
        (
            declaring(QUARTIC, "quadratic=True"),
            r"my.py:4: quartic is not quadratic: its curvatures are \S+ and \S+ at \(1, 1\), but ",
            "leave `quadratic` out",
        ),
        (
            declaring(QUARTIC, "curvatures=lambda: (1.5, 14.0)"),
            r"has the curvatures \S+ and \S+ at \(.*\), but `curvatures` returns 1.5 and 14",
            "the smallest and the largest second derivative",
        ),
        # Its smallest curvature is 3 − √2, at x = 0.
        (
            declaring(QUARTIC, "convex=False, curvatures=lambda: (1.5, float('inf'))"),
            "is declared with convex=False, but its smallest curvature is 1.5",
            "correct `convex`",
        ),
        # With −3x² the Hessian at the minimum is [[-6, 1], [1, 4]].
        (
            QUARTIC.replace("x**2 +", "-3 * x**2 +").replace("2 * x + y", "-6 * x + y"),
            r"has the curvature -6.099 at its minimum \(0, 0\)",
            "this point is a saddle point or a maximum",
        ),
        # Along x its curvature is 2 − 12x².
        (
            declaring(QUARTIC, "convex=True")
            .replace("+ x**4", "- x**4")
            .replace("+ 4 * x", "- 4 * x"),
            r"is not convex: its curvatures are -1\S* and \S+ at \(1, 1\)",
            "leave `convex` out",
        ),
        (CAUCHY.replace(", r / (scale * scale + r * r)", ""), "must return 2 values", "return ℓ, "),
        (CAUCHY.replace("r = s - y", "r = s - y - s.mean()"), "is not elementwise", "elementwise"),
        (CAUCHY.replace("log1p((r / scale) ** 2)", "log(r)"), "returns nan for ℓ", "logarithm"),
        (CAUCHY.replace("convex=False", "targets='code'"), "targets of the form 'code'", "numbers"),
        (CAUCHY.replace("r = s - y", "s -= y; r = s"), "changes its input s", "write s = s"),
        (re.sub('""".*"""', "", CAUCHY, flags=re.DOTALL), "has no docstring", "add a docstring"),
        (
            CAUCHY.replace("Positive, loss", "Positive, activation"),
            "cannot import name 'activation'",
            "with rule, schedule, loss and surface of gdrun",
        ),
    ],
)
def test_a_fault_is_named_and_nothing_is_registered(plugin, text, message, hint):
    before = [dict(kind.registry) for kind in KINDS]
    with pytest.raises(GdrunError, match=message) as caught:
        plugin(text)
    assert hint in str(caught.value)
    assert [kind.registry for kind in KINDS] == before


NUMBER = r"(-?\d\S*?)"


@pytest.mark.parametrize(
    ("text", "words", "ratio"),
    [
        # Booth's second slope, 1.0005 times as large.
        (
            BOOTH.replace("4 * first + 2 * second", "1.0005 * (4 * first + 2 * second)"),
            f"returns ∂f/∂y = {NUMBER} at .*, but f has the slope {NUMBER} there, by central "
            r"differences: a relative difference of 0\.0005$",
            1.0005,
        ),
        # The curvature of Cauchy's loss is at most 1, and 0.99748 at the point with the least |r|.
        (
            CAUCHY.replace(
                "convex=False", "convex=False, curvature=lambda outputs, scale: 0.99746"
            ),
            f"has the curvature {NUMBER} at .*, but `curvature` returns {NUMBER}$",
            None,
        ),
        # Booth's curvatures are 2 and 18.
        (
            declaring(BOOTH, "curvatures=lambda: (2.0, 17.9991)"),
            rf"has the curvatures \S+ and {NUMBER} at .*, but `curvatures` returns 2 and {NUMBER}$",
            18 / 17.9991,
        ),
    ],
)
def test_a_small_fault_shows_two_numbers_that_differ(plugin, text, words, ratio):
    with pytest.raises(GdrunError) as caught:
        plugin(text)
    found, expected = re.search(words, caught.value.problems[0].what).groups()
    assert found != expected
    if ratio is not None:
        # Both are rounded by at most a tenth of their difference or so.
        assert float(found) / float(expected) - 1 == pytest.approx(ratio - 1, rel=0.3)


def test_a_model_with_a_loss_of_a_plugin_says_what_it_needs(plugin):
    plugin(CAUCHY)
    run = gdrun.train(PLAIN, data=data(), out="runs")
    expected = run.model.predict(data()[0])
    plugins._LOADED.clear()
    next(kind.registry for kind in KINDS if kind.name == "loss").pop("cauchy")
    with pytest.raises(GdrunError, match="no loss is called 'cauchy'") as caught:
        gdrun.load_model(run.directory)
    assert 'a method of your own needs `gdrun.load_plugin("FILE.py")`' in str(caught.value)
    with pytest.raises(GdrunError, match=r"model.loss: must be one of mse, .*") as caught:
        gdrun.train(PLAIN, data=data())
    assert "a method of your own needs" in str(caught.value)
    plugin(CAUCHY)
    assert gdrun.load_model(run.directory).predict(data()[0]) == pytest.approx(expected)
