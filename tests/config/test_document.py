"""Reading configuration text: the values of scalars, positions, and all error messages."""

import math
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gdrun.config.document import (
    Document,
    parse_document,
    read_document,
)
from gdrun.config.places import Position
from gdrun.config.reader import MOST_BYTES
from gdrun.config.writing import to_yaml
from gdrun.errors import ConfigError


def read(text):
    return parse_document(text, "a.yaml").data


def refused(text):
    """The problems of a text, each as one string: where, what and hint."""
    with pytest.raises(ConfigError) as caught:
        parse_document(text, "a.yaml")
    assert all(problem.hint for problem in caught.value.problems)
    return [f"{problem.where}: {problem.what}" for problem in caught.value.problems]


# YAML 1.2.2, section 10.3.2: the table of the core schema, and its examples 10.8 and 10.9;
# 0755 is decimal there, and octal only with the prefix 0o: 0o17 = 1·8 + 7 = 15, 0x1F = 31.
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        ("12e03", 12000.0),
        ("-2E+05", -200000.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("+1", 1),
        ("-19", -19),
        ("0755", 755),
        ("0o17", 15),
        ("0x1F", 31),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("+.Inf", math.inf),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("null", None),
        ("Null", None),
        ("~", None),
        ("", None),
    ],
)
def test_the_core_schema_of_yaml_1_2(text, value):
    read_back = read(f"k: {text}")["k"]
    assert read_back == value
    assert type(read_back) is type(value)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_not_a_number_is_a_number(text):
    assert math.isnan(read(f"k: {text}")["k"])


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "no", "on", "off", "y", "tRUE", "nULL", "inf", "nan", "-.nan", "=", "--1", "١"),
        *("1_000", "12:30:45", "2001-12-14", "0b101", "+0x1F", "0o8", "0xG", "1.2.3"),
        *("e3", ".", "1e", "1e+"),
    ],
)
def test_everything_else_is_text(text):
    assert read(f"k: {text}") == {"k": text}


@pytest.mark.parametrize("text", ["1e-3", "true", "null", "~", "", ".inf", "<<", "5"])
def test_quoted_scalars_are_text(text):
    assert read(f"k: '{text}'") == {"k": text}
    assert read(f'k: "{text}"') == {"k": text}
    assert read(f"'{text}': v") == {text: "v"}


def test_positions_are_those_of_keys_and_items():
    document = parse_document(
        "seed: 0\n"
        "schedule:\n"
        "  name: cosine\n"
        "  warmup: -3\n"
        "watch:\n"
        "  - {grad_norm: 1, loss_change: 2}\n"
        "model: {hidden: [64, 32]}\n",
        "configs/a.yaml",
    )
    # Counted by hand in the text above, from 1.
    assert document.positions == {
        ("seed",): Position(1, 1),
        ("schedule",): Position(2, 1),
        ("schedule", "name"): Position(3, 3),
        ("schedule", "warmup"): Position(4, 3),
        ("watch",): Position(5, 1),
        ("watch", 0): Position(6, 5),
        ("watch", 0, "grad_norm"): Position(6, 6),
        ("watch", 0, "loss_change"): Position(6, 20),
        ("model",): Position(7, 1),
        ("model", "hidden"): Position(7, 9),
        ("model", "hidden", 0): Position(7, 18),
        ("model", "hidden", 1): Position(7, 22),
    }
    assert document.where(("schedule", "warmup")) == "configs/a.yaml:4:3 schedule.warmup"
    assert document.where(("watch", 0)) == "configs/a.yaml:6:5 watch[0]"
    assert document.where(("watch", 0, "patience")) == "configs/a.yaml:6:5 watch[0].patience"
    assert document.where(("dataset", "name")) == "configs/a.yaml dataset.name"
    assert document.where(()) == "configs/a.yaml"


def test_a_key_with_a_dot_in_it_is_not_mistaken_for_a_path():
    assert Document({}, "<config>").where(("a.b", "c")) == '<config> "a.b".c'


def test_a_byte_order_mark_and_other_line_ends_do_not_move_positions():
    document = parse_document("\ufeffa: 1\r\nb: ü\r\nc: 3\r\n", "a.yaml")
    assert document.data == {"a": 1, "b": "ü", "c": 3}
    assert document.positions[("a",)] == Position(1, 1)
    assert document.positions[("c",)] == Position(3, 1)


def test_all_problems_are_reported_at_once_in_order():
    assert refused(
        "seed: 1\n"
        "seed: 2\n"
        "model: {l2: 1, l2: 2}\n"
        "dataset: !!python/object/apply:os.system [echo]\n"
        "clip: !mine 3\n"
        "5: x\n"
        "<<: {a: 1}\n"
        "watch: *nowhere\n"
        "lr: 1e999\n"
    ) == [
        "a.yaml:2:1 seed: the key seed is given twice, first at line 1, column 1",
        "a.yaml:3:16 model.l2: the key l2 is given twice, first at line 3, column 9",
        "a.yaml:4:10 dataset: tags are not allowed, got !!python/object/apply:os.system",
        "a.yaml:5:7 clip: tags are not allowed, got !mine",
        "a.yaml:6:1: a key must be text, got the number 5",
        "a.yaml:7:1: merge keys (<<) are not part of YAML 1.2",
        "a.yaml:8:8 watch: the alias *nowhere has no anchor &nowhere before it",
        "a.yaml:9:5 lr: 1e999 is outside the range of float64",
    ]


def test_problems_before_a_syntax_error_are_reported_with_it():
    assert refused("a: 1\na: 2\nb: [1, 2\n") == [
        "a.yaml:2:1 a: the key a is given twice, first at line 1, column 1",
        "a.yaml:3:4: this [ is never closed",
    ]


def test_a_flood_of_problems_is_cut_short():
    # 61 times the same key: 60 repetitions, of which 50 are shown.
    problems = refused("a: 1\n" * 61)
    assert len(problems) == 51
    assert problems[-1] == "a.yaml: there are 10 more problems"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "a.yaml: the file is empty"),
        ("# nothing\n", "a.yaml: the file is empty"),
        ("---\n", "a.yaml: the file is empty"),
        ("- 1\n", "a.yaml: expected keys and values, got a list"),
        ("adam\n", "a.yaml: expected keys and values, got the text adam"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2:1: a second document begins here"),
        ("a:\n\tb: 1\n", "a.yaml:2:1: a tab is not allowed here"),
        ("a:\n  b: 1\n \tc: 2\n", "a.yaml:3:2: a tab is not allowed here"),
        ("a: 'x\n", "a.yaml:1:4: this quote is never closed"),
        ("a: {b: 1\n", "a.yaml:1:4: this { is never closed"),
        ("a: [1,, 2]\n", "a.yaml:1:7: a value is missing here"),
        ("a: b: c\n", "a.yaml:1:5: the value contains a second colon"),
        ("a: 'it's'\n", "a.yaml:1:8: there is text after the end of the value"),
        ("a 0\nb: 1\n", "a.yaml:2:2: this line continues the line above, so it cannot have a key"),
        (
            "a: 1\n  b: 2\n",
            "a.yaml:2:4: this line continues the line above, so it cannot have a key",
        ),
        ("a:\n   b: 1\n  c: 2\n", "a.yaml:3:3: the indentation does not match the lines above"),
        ("a: 1\nb\n", "a.yaml:2:1: no colon follows this key"),
        ("a: *.csv\n", "a.yaml:1:4: * begins an alias, but no name follows"),
        ("a: @x\n", "a.yaml:1:4: a value cannot begin with this character"),
        ('a: "\\q"\n', "a.yaml:1:6: unknown escape in double quotes"),
        ('a: "\\UFFFFFFFF"\n', "a.yaml:1:7: no character has this code"),
        ('a: "\\ud800"\n', "a.yaml:1:4 a: the escape is only half of a surrogate pair"),
        ("a: !x!y 1\n", "a.yaml:1:4: tags are not allowed"),
        ("a: x\x07y\n", "a.yaml:1:5: the character U+0007 is not allowed"),
        # YAML 1.1 ends the comment, YAML 1.2 does not: the key would be there for some readers.
        ("a: 1 # x\u2028b: 2\n", "a.yaml:1:9: the character U+2028 is not allowed"),
        ("? [1]\n: 2\n", "a.yaml:1:3: a key must be text, got a list"),
        ("true: 2\n", "a.yaml:1:1: a key must be text, got the truth value True"),
        ("~: 2\n", "a.yaml:1:1: a key must be text, got nothing"),
        ("a: {patience:5}\n", 'a.yaml:1:5 a: no space follows the colon in "patience:5"'),
        (
            f"a: 1\n{'k' * 129}: 1\n",
            "a.yaml:2:1: the key has 129 characters, but at most 128 are allowed",
        ),
        ("a: &x [*x]\n", "a.yaml:1:8 a[0]: the alias *x is inside its own anchor &x"),
        (
            f"a: {'9' * 251}\n",
            "a.yaml:1:4 a: the number has 251 characters, but at most 250 are allowed",
        ),
    ],
)
def test_what_is_refused_and_where(text, problem):
    assert refused(text) == [problem]


def test_the_largest_accepted_integers_are_finite_floats():
    assert math.isfinite(float(read(f"a: 0x{'F' * 248}")["a"]))
    assert math.isfinite(float(read(f"a: {'9' * 250}")["a"]))


def test_an_alias_is_a_copy_of_its_anchor():
    data = read("a: &x {y: [1, 2]}\nb: *x\nc: *x\n")
    data["b"]["y"].append(3)
    assert data == {"a": {"y": [1, 2]}, "b": {"y": [1, 2, 3]}, "c": {"y": [1, 2]}}


def test_a_later_anchor_replaces_an_earlier_one():
    assert read("a: &x 1\nb: *x\nc: &x 2\nd: *x\n") == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_a_billion_laughs_are_refused():
    # Ten levels of ten aliases each: written out, 10^10 values, which no memory holds.
    levels = [f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 10)}]" for n in range(1, 11)]
    (problem,) = refused("\n".join(["k0: &k0 [ha]", *levels]))
    assert "more than 100,000 values" in problem


@pytest.mark.longer
def test_100_000_values_are_the_most():
    # One mapping, 16 keys with a list each, and the items: 1 + 16·2 + 16·6247 = 99,985 values.
    lists = "".join(f"k{n}: *x\n" for n in range(15))
    text = f"a: &x [{'1,' * 6247}]\n{lists}"
    assert sum(map(len, read(text).values())) == 16 * 6247
    assert "more than 100,000 values" in refused(f"{text}z: [{'1,' * 15}]\n")[0]


def test_32_levels_are_the_deepest():
    # The file itself is the first mapping, so 31 lists fit inside it.
    assert read(f"a: {'[' * 31}{']' * 31}")
    (problem,) = refused(f"a: {'[' * 32}{']' * 32}")
    assert problem.startswith("a.yaml:1:35 ")
    assert "nested more than 32 levels deep" in problem


def test_aliases_do_not_hide_depth():
    # a: 1 + 20 lists; b: 1 + 12 lists around them makes 33 levels.
    text = f"a: &x {'[' * 20}{']' * 20}\nb: {{}}[*x]{{}}\n"
    assert read(text.format("[" * 10, "]" * 10))
    assert "nested more than 32 levels deep" in refused(text.format("[" * 11, "]" * 11))[0]


@pytest.mark.longer
@given(st.text(alphabet="ab:-?[]{},#&*!|>'\"%@`\\ \n\t~<=.01eux\u2028\ud800", max_size=40))
@example('a: "\\U00110000"')
@example(f"%YAML 1.{'9' * 5000}\n---\na: 1")
@example("%TAG ! x\n---\na: 1")
@example("a: !<x> 1")
def test_any_text_is_read_or_refused_with_a_place_and_a_hint(text):
    try:
        document = parse_document(text, "a.yaml")
    except ConfigError as error:
        assert all(problem.hint for problem in error.problems)
        assert all(problem.where.startswith("a.yaml") for problem in error.problems)
    else:
        assert read(to_yaml(document.data)) == pytest.approx(document.data, nan_ok=True)


def test_reading_a_file(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("name: Übung\n", encoding="utf-8")
    document = read_document(path)
    assert document.data == {"name": "Übung"}
    assert document.where(("name",)) == f"{path}:1:1 name"
    assert pickle.loads(pickle.dumps(document)) == document


def file_refused(path):
    with pytest.raises(ConfigError) as caught:
        read_document(path)
    (problem,) = caught.value.problems
    return problem


def test_a_missing_file_suggests_its_neighbours(tmp_path):
    (tmp_path / "momentum.yaml").write_text("a: 1\n")
    problem = file_refused(tmp_path / "momentun.yml")
    assert problem.where == str(tmp_path / "momentun.yml")
    assert problem.what == "there is no such file"
    assert problem.hint == f"did you mean {tmp_path / 'momentum.yaml'}?"


def test_a_missing_directory_is_named(tmp_path):
    problem = file_refused(tmp_path / "nowhere" / "a.yaml")
    assert problem.hint == f"the directory {tmp_path / 'nowhere'} does not exist"


def test_a_directory_suggests_the_files_in_it(tmp_path):
    (tmp_path / "b.yaml").write_text("a: 1\n")
    problem = file_refused(tmp_path)
    assert problem.what == "this is a directory, not a file"
    assert problem.hint == f"did you mean {tmp_path / 'b.yaml'}?"


def test_a_name_that_cannot_be_a_file(tmp_path):
    assert "cannot be read" in file_refused(tmp_path / "a\0b").what
    assert "cannot be read" in file_refused(tmp_path / ("x" * 5000)).what


def test_a_file_that_is_not_utf_8(tmp_path):
    path = tmp_path / "a.yaml"
    # Line 2, after the six characters "name: ": ü in Latin-1 is the byte 0xfc.
    path.write_bytes(b"seed: 0\nname: \xfcbung\n")
    problem = file_refused(path)
    assert problem.where == f"{path}:2:7"
    assert problem.what == "the file is not UTF-8: byte 0xfc"


@pytest.mark.longer
@pytest.mark.parametrize("letter", ["x", "ü"])
def test_a_file_has_a_largest_size_in_bytes(tmp_path, letter):
    path = tmp_path / "a.yaml"
    size = len(letter.encode())
    fits = f"#{letter * ((MOST_BYTES - 6) // size)}".encode()
    path.write_bytes(fits + b"\na: 1")
    assert len(path.read_bytes()) in (MOST_BYTES, MOST_BYTES - 1)
    assert read_document(path).data == {"a": 1}
    path.write_bytes(fits + b"\na: 100")
    assert file_refused(path).what == "the file is larger than 1,048,576 bytes"
