"""Values from the command line: single ones, lists, and the spaced ranges of a sweep."""

import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrun.config.document import parse_document
from gdrun.config.values import parse_sweep, parse_value
from gdrun.config.writing import to_yaml
from gdrun.errors import ConfigError


def refused(parse, text):
    with pytest.raises(ConfigError) as caught:
        parse(text)
    (problem,) = caught.value.problems
    assert problem.where == repr(text)
    assert problem.hint
    return problem.what


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1),
        ("1e-3", 0.001),
        ('"1e-3"', "1e-3"),
        ("'a, b'", "a, b"),
        ("16", 16),
        ("bgd", "bgd"),
        ("no", "no"),
        ("true", True),
        ("null", None),
        ("", None),
        ("[64,32]", [64, 32]),
        ("[]", []),
        ("{patience: 5}", {"patience": 5}),
        ('{"patience":5}', {"patience": 5}),
        ("{a: [1, {b: no}]}", {"a": [1, {"b": "no"}]}),
        ("~/data/my file.csv", "~/data/my file.csv"),
        ("C:\\data\\x.csv", "C:\\data\\x.csv"),
        ("run#5", "run#5"),
    ],
)
def test_one_value(text, value):
    read = parse_value(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("1,2", "expected one value, got several"),
        ("1,", "no value follows the last comma"),
        ("[64,32", "the value is not complete"),
        ("'abc", "this quote is never closed"),
        ("foo # bar", "the value is not complete"),
        ("1] #", "there is more text after the value"),
        ("1] , [2", "text is not allowed here"),
        ("1]\n---\n[2", "a second document begins here"),
        ("!!int 5", "tags are not allowed, got !!int"),
        ("*.csv", "* begins an alias, but no name follows"),
        ("{a: 1, a: 2}", "the key a is given twice, first at line 1, column 2"),
        ("{patience:5}", 'no space follows the colon in "patience:5"'),
        ("a\0b", "the character U+0000 is not allowed"),
        ("\udce9", "the character U+DCE9 is not allowed"),
    ],
)
def test_a_refused_value_is_shown(text, what):
    assert refused(parse_value, text) == what


def test_a_long_value_is_shown_in_part():
    with pytest.raises(ConfigError) as caught:
        parse_value("[" + "1," * 1000)
    assert len(caught.value.problems[0].where) < 80


@pytest.mark.longer
@given(st.text(alphabet="ab1.:,-[]{}'\"#&*! ~e", max_size=25))
def test_any_text_is_a_value_or_a_problem_that_shows_it(text):
    for parse in (parse_value, parse_sweep):
        try:
            value = parse(text)
        except ConfigError as error:
            assert {problem.where for problem in error.problems} == {repr(text)}
        else:
            written = to_yaml({"k": value})
            assert repr(parse_document(written, "k").data["k"]) == repr(value)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.1,0.01", [0.1, 0.01]),
        ("momentum, adam", ["momentum", "adam"]),
        ("1,16,256", [1, 16, 256]),
        ("[64,32],[128],[]", [[64, 32], [128], []]),
        ("{norm: 1.0}, null", [{"norm": 1.0}, None]),
        ("0.5", [0.5]),
        ("true,1", [True, 1]),
        ("1,'1'", [1, "1"]),
    ],
)
def test_listed_values(text, values):
    assert [(type(v), v) for v in parse_sweep(text)] == [(type(v), v) for v in values]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        # Ends with tenths between them: 0.1 + k·0.8/4 = 0.1, 0.3, 0.5, 0.7, 0.9.
        ("lin:0.1:0.9:5", [0.1, 0.3, 0.5, 0.7, 0.9]),
        # (9 − 1)/4 = 2 each time, all whole.
        ("lin:1:9:5", [1, 3, 5, 7, 9]),
        ("lin:9:1:3", [9, 5, 1]),
        # (2 − 1)/2 = ½ is not whole, so every value is a float.
        ("lin:1:2:3", [1.0, 1.5, 2.0]),
        ("lin:1.0:3:3", [1.0, 2.0, 3.0]),
        # Symmetric ends meet at zero, not at a rounding error.
        ("lin:-0.3:0.3:7", [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]),
        # Factor (10⁻¹/10⁻⁴)^(1/3) = 10.
        ("log:1e-4:1e-1:4", [1e-4, 1e-3, 1e-2, 1e-1]),
        ("log:1:0.01:3", [1.0, 0.1, 0.01]),
        # Factor 256^(1/4) = 4.
        ("log:1:256:5", [1, 4, 16, 64, 256]),
        # √10 = 3.16227766017 to ten significant digits.
        ("log:1:10:3", [1.0, 3.16227766, 10.0]),
        # The quotient of the ends is 10⁶⁰⁰, beyond float64; their geometric mean is 1.
        ("log:1e-300:1e300:3", [1e-300, 1.0, 1e300]),
        ("log: 2 : 8 : 2", [2, 8]),
    ],
)
def test_spaced_values(text, values):
    assert [(type(v), v) for v in parse_sweep(text)] == [(type(v), v) for v in values]


def test_the_contracts_own_example():
    # Factor (10/10⁻⁴)^(1/20) = 10^(1/4) = 1.77827941003892…, so value k is 10^(k/4 − 4).
    values = parse_sweep("log:1e-4:10:21")
    assert len(values) == 21
    assert values[0] == 1e-4
    assert values[9] == 0.0177827941
    assert values[-1] == 10.0
    assert [repr(v) for v in values[4::4]] == ["0.001", "0.01", "0.1", "1.0", "10.0"]


@given(
    st.floats(1e-12, 1e12),
    st.floats(1e-12, 1e12),
    st.integers(2, 40),
    st.sampled_from(["log", "lin"]),
)
def test_a_range_keeps_its_ends_its_order_and_its_spacing(start, stop, count, spacing):
    text = f"{spacing}:{start!r}:{stop!r}:{count}"
    if abs(start - stop) <= 1e-6 * max(start, stop):
        return
    values = parse_sweep(text)
    assert len(values) == count
    assert (values[0], values[-1]) == (start, stop)
    assert sorted(values, reverse=start > stop) == values
    # Rounding to ten digits moves a value by at most 5e-10 of itself, so a ratio (or difference)
    # of neighbours by 1e-9, and two of them apart by 2e-9.
    steps = [
        math.log(b / a) if spacing == "log" else float(Fraction(b) - Fraction(a))
        for a, b in itertools.pairwise(values)
    ]
    size = 1 if spacing == "log" else max(start, stop)
    assert max(steps) - min(steps) <= 2.001e-9 * size


def test_a_range_too_narrow_for_ten_digits_is_not_rounded():
    values = parse_sweep("lin:1:1.0000000000001:5")
    assert len(set(values)) == 5
    assert values == sorted(values)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "there are no values to try"),
        ("0.1,", "no value follows the last comma"),
        ("1,,2", "a value is missing here"),
        ("0.1,0.2,0.1", "the value 0.1 is listed twice"),
        ("1,1.0", "the value 1.0 is listed twice"),
        ("[1],[1.0]", "the value [1.0] is listed twice"),
        (".nan,.NaN", "the value nan is listed twice"),
        ("{a: 1, b: 2},{b: 2, a: 1}", "the value {'b': 2, 'a': 1} is listed twice"),
        ("log:1:1:2", "the value 1 is listed twice"),
        ("lin:1:1.0000000000000002:3", "the value 1.0 is listed twice"),
        ("log:0:1:3", "the ends of a log range must be positive"),
        ("log:-1:1:3", "the ends of a log range must be positive"),
        ("log:1:10", "a range needs two finite numbers and a count"),
        ("lin:a:b:3", "a range needs two finite numbers and a count"),
        ("lin:0:.inf:3", "a range needs two finite numbers and a count"),
        ("lin:true:3:3", "a range needs two finite numbers and a count"),
        ("lin:0:1:1", "the count must be a whole number from 2 to 10,000"),
        ("lin:0:1:2.5", "the count must be a whole number from 2 to 10,000"),
        ("lin:0:1:999999999", "the count must be a whole number from 2 to 10,000"),
    ],
)
def test_a_refused_sweep(text, what):
    assert refused(parse_sweep, text) == what
