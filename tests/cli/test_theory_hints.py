"""The hints of `gdrun theory`: each does what it says when it is typed."""

import re
import shlex

import pytest

pytestmark = pytest.mark.usefixtures("registries")

LOGCOSH = '''
import numpy as np
from gdrun import Positive, loss

@loss
def mine(s, y, scale: Positive = 1.0):
    """The logarithm of cosh, whose second derivative is at most 1.

    ℓ = c² log cosh(r/c),  dℓ/ds = c tanh(r/c),  r = s − y
    """
    r = (s - y) / scale
    return scale * scale * (np.logaddexp(r, -r) - np.log(2)), scale * np.tanh(r)
'''

WAVES = '''
import numpy as np
from gdrun import surface

@surface(start=(2.0, 2.0), minima=((0.0, 0.0),))
def mine(x, y, c=0.1):
    """A bowl with waves, whose second derivatives are between 1 − 9c and 4.

    f = ½ (x² + 4y²) + c (1 − cos 3x)
    """
    return 0.5 * (x**2 + 4 * y**2) + c * (1 - np.cos(3 * x)), x + 3 * c * np.sin(3 * x), 4 * y
'''

BOWL = '''
from gdrun import surface

@surface(start=(2.0, 2.0), minima=((0.0, 0.0),))
def mine(x, y):
    """A bowl.

    f = ½ (x² + 4y²)
    """
    return 0.5 * (x**2 + 4 * y**2), x, 4 * y
'''

DESCENT = ("variant=bgd", "optimizer=vanilla", "schedule=constant", "lr=0.2")
LINEAR = ("dataset=diabetes", "model=linear", *DESCENT)


def hints(answer):
    """The hints in an answer of `gdrun theory`, each on one line."""
    assert (answer.code, answer.err) == (0, "")
    part = answer.out.partition("\nhint: ")[2].partition("\n\n")[0]
    return [" ".join(hint.split()) for hint in part.split("\nhint: ")] if part else []


def verdicts(answer):
    """The verdict on each assumption in an answer, by name."""
    table = answer.out.partition("\nassumption")[2]
    found = re.findall(r"^(\w[\w ]*?) +(holds|fails|unknown) ", table, flags=re.MULTILINE)
    return dict(found)


@pytest.mark.parametrize(
    ("text", "words", "values", "verdict"),
    [
        (LOGCOSH, (*LINEAR, "loss=mine"), {"C": "1"}, "unknown"),
        (LOGCOSH, (*LINEAR, "loss=mine", "l2=0.001", "model.bias=false"), {"C": "1"}, "holds"),
        (WAVES, ("surface=mine", *DESCENT), {"A": "1 - 9 * c", "B": "4"}, "holds"),
        (BOWL, ("surface=mine", *DESCENT), {}, "holds"),
    ],
)
def test_a_declaration_in_a_hint_gives_the_bounds(plugin, gdrun, text, words, values, verdict):
    plugin(text)
    answer = gdrun("theory", *words)
    before = verdicts(answer)
    assert before["smooth"] == "unknown"
    assert before["attained"] == verdict
    (hint,) = hints(answer)
    kind, declared = re.search(r"@(loss|surface)\((.*)\) declares it$", hint).groups()
    for name, value in values.items():
        declared = re.sub(rf"\b{name}\b", value, declared)
    if kind == "loss":
        typed = text.replace("@loss\n", f"@loss({declared})\n")
    else:
        typed = text.replace("),))", f"),), {declared})")
    plugin(typed.replace("def mine", "def declared"), "declared.py")
    after = gdrun("theory", *(word.replace("mine", "declared") for word in words))
    assert verdicts(after)["smooth"] == verdicts(after)["attained"] == "holds"
    assert "\nsmooth: f(w_N) − f* ≤ " in after.out


def test_no_bounds_are_promised_where_none_exist(plugin, gdrun):
    plugin(LOGCOSH)
    words = (*LINEAR[:2], "variant=sgd", "optimizer=momentum", "loss=mine")
    (hint,) = hints(gdrun("theory", *words))
    assert "@loss(curvature=lambda outputs, scale: C)" in hint
    assert gdrun("train", *words, "epochs=2", "-q").code == 0
    answer = gdrun("theory", "last")
    text = " ".join(answer.out.split())
    assert "no bound is known for this objective" in text
    assert "gdrun train" not in text
    assert hints(answer) == [hint]


def test_the_command_with_the_bounds_loads_the_plugins(plugin, gdrun):
    plugin(BOWL)
    words = ("surface=mine", "optimizer=momentum", "lr=0.05", "epochs=5", "-q")
    assert gdrun("train", *words).code == 0
    out = gdrun("theory", "last").out
    command = next(line for line in out.splitlines() if line.startswith("  gdrun train runs/"))
    assert command.endswith(" optimizer=vanilla schedule=constant --plugin my.py")


@pytest.mark.longer
@pytest.mark.parametrize(
    "words",
    [
        ("dataset=diabetes", "model=linear", "loss=mine"),
        ("dataset=diabetes", "model=linear", "loss=mae"),
        ("dataset=diabetes", "model=linear", "loss=mae", "l2=0.01"),
        ("dataset=diabetes", "model=linear", "loss=huber", "l2=0.01"),
        ("dataset=iris", "model=svm"),
        ("dataset=iris", "model=svm", "l2=0.01"),
        ("dataset=iris", "model=softmax"),
        ("dataset=breast-cancer", "model=logistic", "model.bias=false"),
        ("surface=saddle",),
        ("surface=mine",),
    ],
)
def test_every_change_in_a_hint_does_what_it_says(plugin, gdrun, words):
    if "loss=mine" in words:
        plugin(LOGCOSH.replace("@loss\n", "@loss(curvature=lambda outputs, scale: 1.0)\n"))
    if "surface=mine" in words:
        plugin(WAVES)
        words = (*words, "lr=0.05")
    for hint in hints(gdrun("theory", *words, "epochs=3")):
        changed = re.match("with (.*?) the (.*)", hint)
        if changed is None:
            continue
        changes, promise = shlex.split(changed[1]), changed[2]
        if "bounds apply" in promise:
            assert gdrun("train", *words, "epochs=3", *changes, "-q").code == 0
            assert "held at all" in gdrun("theory", "last").out
        else:
            name = promise.rpartition(" is ")[2]
            assert verdicts(gdrun("theory", *words, "epochs=3", *changes))[name] == "holds"
