"""Translated equations against the Python functions that they come from."""

import itertools
import math

import numpy as np
import pytest
from c_functions import translated
from numpy import absolute, exp, log, maximum, sqrt, where

from gdrun.engine.compiled.translate import translate
from gdrun.engine.contract import NotCompilableError
from gdrun.methods.averaging import AVERAGES
from gdrun.methods.rules import OPTIMIZERS
from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.losses import LOSSES

every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])

ELEMENTWISE = [name for name, rule in OPTIMIZERS.items() if not rule.uses_norm]
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -40.0, np.inf, -np.inf, np.nan]


def arguments(count, dtype, positive=()):
    """Random numbers of many sizes, then every combination of edges, for each argument.

    positive: the arguments that are never negative, such as a mean of squares.
    """
    draw = np.random.default_rng(count)
    sizes = np.exp(draw.uniform(-12, 3, (count, 2000))) * draw.choice([-1, 1], (count, 2000))
    tiny, huge = np.finfo(dtype).tiny / 8, np.finfo(dtype).max / 2
    edges = [*EDGES, tiny, -huge] if count < 4 else EDGES
    rows = np.concatenate([sizes, np.array(list(itertools.product(edges, repeat=count))).T], axis=1)
    for place in positive:
        rows[place] = np.abs(rows[place])
    return rows.astype(dtype)


def check(expected, found, given, dtype):
    """Alike but for a few roundings of the arguments; infinite and undefined in the same places."""
    eps = np.finfo(dtype).eps
    size = np.abs(np.where(np.isfinite(given), given, 0)).max(axis=0)
    for want, got in zip(expected, found, strict=True):
        want = np.broadcast_to(np.asarray(want, dtype), got.shape)
        finite = np.isfinite(want)
        np.testing.assert_array_equal(got[~finite], want[~finite])
        error = np.abs(got[finite] - want[finite])
        bound = 32 * eps * (np.abs(want[finite]) + np.minimum(size[finite], 1e3)) + 1e-300
        assert (error <= bound).all()


@pytest.mark.longer
@every_dtype
@pytest.mark.parametrize("t", [1.0, 3.0, 1000.0])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_rule(name, t, dtype):
    rule = OPTIMIZERS[name]
    varying = [key for key, option in rule.options.items() if option.varies]
    values = ("w", "g", *rule.slots)
    squares = {"v", "u", "s", "top", "total", "size"}
    given = arguments(len(values), dtype, [k for k, key in enumerate(values) if key in squares])
    if "mean" in values:  # v is well above the square of it, else rounding alone decides
        with np.errstate(all="ignore"):
            given[values.index("v")] += 2 * given[values.index("mean")] ** 2
    for changed in ({}, {"centered": True}) if "centered" in rule.options else ({},):
        options = rule.defaults | changed
        run = translated(
            rule.function,
            each=values,
            shared=[*varying, *(["t"] if rule.uses_t else [])],
            constants={key: value for key, value in options.items() if key not in varying},
            results=len(values) - 1,
            dtype=dtype,
        )
        with np.errstate(all="ignore"):
            w, slots = rule.advance(given[0], given[1], tuple(given[2:]), t, options)
        found = run(given, [*(options[key] for key in varying), t])
        check((w, *slots), found, given, dtype)


@every_dtype
@pytest.mark.parametrize("t", [1.0, 6.0, 7.0, 1000.0])
@pytest.mark.parametrize("name, options", [("polyak", {"start": 5}), ("ema", {"decay": 0.99})])
def test_every_average(name, options, t, dtype):
    average = AVERAGES[name].function
    run = translated(
        average, each=("mean", "w"), shared=["t"], constants=options, results=1, dtype=dtype
    )
    given = arguments(2, dtype)
    with np.errstate(all="ignore"):
        expected = average(*given, t, **options)
    check((expected,), run(given, [t]), given, dtype)


def test_every_average_is_tested():
    assert set(AVERAGES) == {"polyak", "ema"}


@every_dtype
@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if loss.equation])
def test_every_loss_of_one_score(name, dtype):
    loss = LOSSES[name]
    run = translated(
        loss.equation, each=("s", "y"), shared=list(loss.options), results=2, dtype=dtype
    )
    given = arguments(2, dtype)
    if loss.targets == "sign":
        given[1] = np.where(given[1] > 0, 1, -1)
    with np.errstate(all="ignore"):
        expected = loss.equation(*given, **loss.defaults)
    check(expected, run(given, list(loss.defaults.values())), given, dtype)


@every_dtype
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation(name, dtype):
    function = ACTIVATIONS[name].function
    given = arguments(1, dtype)
    with np.errstate(all="ignore"):
        expected = function(given[0])
    check(expected, translated(function, each=["z"], results=2, dtype=dtype)(given), given, dtype)


# What a plugin may write, each of x, y (values of each) and a, b (numbers).

SCALE = 0.25
WEIGHTS = (0.5, -0.25, 2.0)


def doubled(x, factor=2.0):
    return factor * x


def uses_helpers(x, y, a, b):
    twice = doubled(x)
    return doubled(y, factor=a) + twice * SCALE


def adds_over_constants(x, y, a, b):
    total = 0.0 * x
    for weight in WEIGHTS[:2]:
        total += weight
        total *= x
    for k in range(2):
        total = total + k * y
    return total + WEIGHTS[-1]


def branches_on_numbers(x, y, a, b):
    step = x
    if a > 1 and not b < 0:
        step = 2 * x
        rest = a
    elif 0 < a <= 1 or b == 3:
        step = y
        rest = b + 1
    else:
        rest = 0.5
    return step * rest if b > 0 else step - rest


def returns_early(x, y, a, b):
    if a > 1:
        return x
    if b > 2:
        z = x + y
        return z * z
    return y


def powers(x, y, a, b):
    return x**2 + y**3 - (absolute(x) + 1) ** 0.5 + (x * x + 1) ** -1 + (absolute(y) + 0.5) ** b


def powers_of_numbers(x, y, a, b):
    return x * a**b + y * (abs(a) ** 0.5 + 2**a + a**-2) + x * 3 ** (1 / 3)


def selections(x, y, a, b):
    inside = (x > -a) & (y < b) | ~(x >= y)
    return where(inside, x, where(x == y, 1.0, -y)) + where(a > b, x, 2.0) + 1.0 * (x > 0)


def functions(x, y, a, b):
    size = absolute(x)
    return (
        exp(-size)
        + log(1 + size)
        + sqrt(size)
        + np.expm1(-size)
        + np.log1p(size)
        + np.tanh(y)
        + np.sin(x)
        + np.arctan2(x, y)
        + np.hypot(x, y)
        + np.square(y)
        + np.floor(x)
        + np.fmod(x, 3)
    )


def extremes(x, y, a, b):
    limited = np.clip(x, -a, maximum(y, -a)) + np.minimum(x, y) + np.fmax(x, y)
    return limited + min(a, b) * x - max(a, b, 2) + np.copysign(a, y) + np.sign(x)


def remainders(x, y, a, b):
    return x % 3 + x // 0.7 - (a % b) * y + (a // -b) + 7 // 2 + np.remainder(y, -2)


def numbers_by_name(x, y, a, b):
    λ = float(a) / math.pi
    int_, double, if_ = bool(a > 2) * 3, 2 * λ, int(b)
    double /= 2
    return x * λ + y * double + int_ + if_ + np.heaviside(x, 0.5)


def words_of_c(x, y, a, b):
    register, auto, static, real, numbers = x, y, a, b, 1.5
    return register * static + auto * real - numbers


@every_dtype
@pytest.mark.parametrize("shared", [(0.5, 2.5), (1.5, -1.5), (3.0, 3.0), (0.25, 1.0)])
@pytest.mark.parametrize(
    "function",
    [
        uses_helpers,
        adds_over_constants,
        branches_on_numbers,
        returns_early,
        powers,
        powers_of_numbers,
        selections,
        functions,
        extremes,
        remainders,
        numbers_by_name,
        words_of_c,
    ],
)
def test_what_an_equation_may_be_made_of(function, shared, dtype):
    draw = np.random.default_rng(1)
    given = draw.normal(scale=2, size=(2, 3000)).astype(dtype)
    run = translated(function, each="xy", shared="ab", results=1, dtype=dtype)
    expected = function(*given, *shared)
    # A sum near zero keeps the rounding of its terms, some of which are powers of ten or so.
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(run(given, shared)[0], expected, rtol=60 * eps, atol=400 * eps)


@every_dtype
def test_undefined_values_stay_undefined(dtype):
    def largest(x, y):
        return maximum(x, y), np.minimum(x, y), np.sign(x), np.clip(x, -1.0, 1.0), np.isfinite(x)

    given = np.array(list(itertools.product([np.nan, np.inf, -np.inf, 2.0], repeat=2)), dtype).T
    found = translated(largest, each="xy", results=5, dtype=dtype)(given)
    for got, want in zip(found, largest(*given), strict=True):
        np.testing.assert_array_equal(got, want)


# What cannot be translated to C.


def loops_without_end(x, y, a, b):
    while a > 0:
        a = a - 1
    return x


def branches_on_values(x, y, a, b):
    if x > 0:
        return x
    return y


def chooses_by_values(x, y, a, b):
    return x if y > 0 else y


def reads_a_whole_array(x, y, a, b):
    return x - x.mean()


def sums_an_array(x, y, a, b):
    return x - np.sum(x)


def reads_text(x, y, a, b):
    return x if __name__ else y


def changes_an_input(x, y, a, b):
    x += y
    return x


def changes_another_name(x, y, a, b):
    z = x * y
    kept = z
    z += 1
    return z * kept


def calls_itself(x, y, a, b):
    return calls_itself(x, y, a, b)


def indexes(x, y, a, b):
    return x[0]


def sets_out(x, y, a, b):
    return np.exp(x, out=y)


def forgets_to_return(x):
    x = 2 * x


def reads_what_one_branch_sets(x, y, a, b):
    if a > 0:
        z = x
    return z


def rounds_an_array(x, y, a, b):
    return x + np.float64(y)


@pytest.mark.parametrize(
    "function, line, words",
    [
        (rounds_an_array, 1, "float64 of an array cannot be translated to C"),
        (loops_without_end, 1, "`while` cannot be translated to C"),
        (branches_on_values, 1, "a branch depends on an array"),
        (chooses_by_values, 1, "a branch depends on an array"),
        (reads_a_whole_array, 1, ".mean of a value cannot be translated to C"),
        (sums_an_array, 1, "sum with 1 argument cannot be translated to C"),
        (reads_text, 1, "__name__ is neither a function nor a number"),
        (changes_an_input, 1, "x is changed in place, but another name refers to the same array"),
        (
            changes_another_name,
            3,
            "z is changed in place, but another name refers to the same array",
        ),
        (calls_itself, 1, "calls_itself calls itself"),
        (indexes, 1, "an index into an array cannot be translated to C"),
        (sets_out, 1, "cannot be translated to C"),
        (reads_what_one_branch_sets, 3, "z is not defined"),
    ],
)
def test_what_has_no_c_form_is_named_with_its_line(function, line, words):
    with pytest.raises(NotCompilableError) as refused:
        translate(
            function,
            each={"x": "x", "y": "y"},
            shared={"a": "a", "b": "b"},
            constants={},
            results=1,
        )
    place = function.__code__.co_firstlineno + line
    assert f"line {place}: " in str(refused.value)
    assert words in str(refused.value)


def wrapped():
    import functools

    @functools.wraps(doubled)
    def around(x):
        return doubled(x)

    return around


@pytest.mark.parametrize(
    "function", [lambda x: 2 * x, wrapped(), np.sqrt, forgets_to_return, doubled]
)
def test_a_function_that_cannot_be_read_is_refused(function):
    with pytest.raises(NotCompilableError):
        translate(function, each={"x": "x"}, shared={}, constants={}, results=2)


def test_numbers_for_all_are_computed_in_double_precision():
    def corrected(x, t, beta=0.999):
        return x / (1 - beta**t)

    known = translate(
        corrected, each={"x": "x"}, shared={"t": "t", "beta": "beta"}, constants={}, results=1
    )
    assert dict(known.fields) == {"n0": ("real", "(1.0 / (1.0 - pow(beta, t)))")}
    assert list(known.results) == ["(x * numbers.n0)"]
