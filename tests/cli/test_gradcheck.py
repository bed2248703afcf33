"""`gdrun gradcheck`: a row for each named weight, a verdict, and an exit code."""

import json
import re
from dataclasses import replace

from gdrun.problems.activations import ACTIVATIONS

WORDS = ("dataset=iris", "model={name: mlp, hidden: [5], activation: tanh}")


def masked(text):
    """The text without numbers, because their last digits depend on the machine."""
    return re.sub(r" +\d\.?\d*(e-\d+)?  (ok|WRONG)", r" E  \2", re.sub(r" 0\.\d+", " G", text))


def test_the_answer_in_full(gdrun):
    answer = gdrun("gradcheck", *WORDS)
    assert (answer.code, answer.err) == (0, "")
    lines = [" ".join(line.split()) for line in masked(answer.page).splitlines()]
    assert lines == [
        "weights shape checked largest gradient relative error",
        "layer1.w 4 × 5 all 20 G E ok",
        "layer1.b 5 all 5 G E ok",
        "layer2.w 5 × 3 all 15 G E ok",
        "layer2.b 3 all 3 G E ok",
        "",
        "the gradient agrees with central differences on 32 examples to 1e-06",
    ]


def test_json(gdrun):
    answer = gdrun("gradcheck", *WORDS, "--json")
    document = json.loads(answer.out)
    assert document["passed"] is True
    assert [entry["name"] for entry in document["weights"]] == [
        "layer1.w",
        "layer1.b",
        "layer2.w",
        "layer2.b",
    ]
    assert document["weights"][0]["shape"] == [4, 5]
    assert all(entry["relative_error"] < 1e-6 for entry in document["weights"])


def test_the_check_of_an_experiment_in_float32_is_in_float64(gdrun):
    last = gdrun("gradcheck", *WORDS, "dtype=float32").page.split("to train it:")[0].strip()
    assert last.endswith("\nchecked in float64; training uses float32")
    assert (
        json.loads(gdrun("gradcheck", *WORDS, "dtype=float32", "--json").out)["dtype"] == "float64"
    )


def test_a_gradient_too_small_to_check_says_so(gdrun):
    deep = "model={name: mlp, hidden: [5,5,5,5,5,5,5,5,5], activation: sigmoid, init: normal}"
    answer = gdrun("gradcheck", "dataset=iris", deep)
    assert (answer.code, answer.err) == (0, "")
    rows = {line.split()[0]: line for line in answer.out.splitlines() if line.startswith("layer")}
    assert rows["layer1.w"].endswith("too small")
    assert rows["layer10.w"].endswith("ok")
    assert answer.page.endswith("to 1e-06, where it\nis large enough to check\n")


def test_a_wrong_gradient_has_an_exit_code(gdrun, monkeypatch):
    right = ACTIVATIONS["tanh"]
    wrong = replace(right, function=lambda z: (right.function(z)[0], 0 * z))
    monkeypatch.setitem(ACTIVATIONS, "tanh", wrong)
    answer = gdrun("gradcheck", *WORDS)
    assert answer.code == 4
    assert answer.out.count("WRONG") == 2
    assert "\nthe gradient of layer1.w, layer1.b disagrees with" in answer.out
    assert gdrun("gradcheck", *WORDS, "--json").code == 4


def test_the_help_tells_the_exit_code(gdrun):
    assert "4 if one is wrong" in " ".join(gdrun("gradcheck", "--help").out.split())
    (line,) = re.findall(r"^  gradcheck .*\n(?:   .*\n)*", gdrun("--help").out, re.MULTILINE)
    assert "exit code" not in line


def test_a_bad_config_is_answered_as_always(gdrun):
    answer = gdrun("gradcheck", "model.hidden=[0]", "model.name=mlp")
    assert answer.code == 2
    assert answer.err.startswith("error: ")
    assert "model.hidden" in answer.err
