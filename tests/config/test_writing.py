"""Data written as YAML: it reads back the same here, and with a reader of YAML 1.1."""

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from gdrun.config.document import parse_document
from gdrun.config.writing import to_yaml

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
words = st.sampled_from(["yes", "No", "1e-3", "0o17", "0x1F", "~", "", "<<", "=", "-", "1_0"]) | (
    st.from_regex(r"[-+.:0-9eE_ ]{1,8}", fullmatch=True) | st.sampled_from(["...", "--- x", "y"])
)
values = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=20) | words, inner),
    max_leaves=8,
)


def exact(value):
    """A form in which equal means identical: types, order of keys, sign of zero and NaN count."""
    if isinstance(value, dict):
        return [(key, exact(item)) for key, item in value.items()]
    if isinstance(value, list):
        return "list", [exact(item) for item in value]
    return type(value), repr(value)


@given(st.dictionaries(st.text(max_size=20) | words, values, max_size=5))
@example({"k" * 128: "\x80" * 300, "\x80" * 128: 1})
@example({"...": 1, "--- a": 2, "%a": 3, "a #b": "c #d"})
@example({"a": [[], {}, [{}], [[{"b": []}]]]})
@pytest.mark.slow
def test_what_is_written_reads_back_the_same(data):
    assert exact(parse_document(to_yaml(data), "a.yaml").data) == exact(data)


@pytest.mark.longer
@given(st.dictionaries(st.sampled_from("abc"), st.text() | words | st.floats(allow_nan=False)))
@example({"a": 1e-5, "b": 1e22, "c": 5e-324})
@example({"on": "y", "12:30": "2001-12-14", "0b1": "1_000"})
def test_a_reader_of_yaml_1_1_sees_the_same(data):
    assert exact(yaml.safe_load(to_yaml(data))) == exact(data)


def test_the_written_form():
    data = {
        "name": "digits-softmax",
        "seed": 0,
        "dataset": {"path": "data/train 1.csv", "standardize": True, "target": None},
        "model": {"hidden": [64, 32], "l2": 1e-5, "groups": [[1], [2, "no"]]},
        "clip": {},
        "watch": [{"rule": "grad_norm", "below": 1.0}, {"rule": "target", "note": "1e-3"}],
        "long": ["a word of some length"] * 5,
        "nested": [[{"a": 1}, 2], "x: y"],
    }
    assert to_yaml(data) == (
        "name: digits-softmax\n"
        "seed: 0\n"
        "dataset:\n"
        "  path: data/train 1.csv\n"
        "  standardize: true\n"
        "  target: null\n"
        "model:\n"
        "  hidden: [64, 32]\n"
        "  l2: 1.0e-05\n"
        '  groups: [[1], [2, "no"]]\n'
        "clip: {}\n"
        "watch:\n"
        "  - rule: grad_norm\n"
        "    below: 1.0\n"
        "  - rule: target\n"
        '    note: "1e-3"\n'
        "long:\n" + "  - a word of some length\n" * 5 + "nested:\n"
        "  - - a: 1\n"
        "    - 2\n"
        '  - "x: y"\n'
    )


def test_a_value_of_another_kind_is_a_mistake_of_the_program():
    with pytest.raises(TypeError, match="value of type object"):
        to_yaml({"a": object()})
