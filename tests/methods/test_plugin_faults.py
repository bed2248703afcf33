"""Plugins with a fault: each is refused with an error that says where, what, and a hint."""

import pytest

from gdrun.errors import GdrunError
from gdrun.methods.rules import OPTIMIZER_ALIASES, OPTIMIZERS
from gdrun.methods.schedules import SCHEDULES
from methods.plugin_texts import LINE, rule_text

pytestmark = pytest.mark.usefixtures("registries")

FORM = (
    "use the parameters (w, g, v), then t or norm or both if the equation needs them, "
    "then options with defaults"
)
ONE_BY_ONE = (
    "mine is not elementwise: the update of one weight depends on other weights, or is random"
)
PURE = "use elementwise expressions only; for the norm of a layer, add an input named norm"
ARRAYS = "its inputs are arrays: "
"""The start of the hint on code for single numbers; what to write instead follows."""


def test_every_fault_of_a_plugin_is_told_at_once_and_nothing_of_it_stays(plugin):
    before = set(OPTIMIZERS)
    with pytest.raises(GdrunError) as caught:
        plugin('''@rule()
def silent(w, g, lr: Rate = 0.1):
    return w - lr * g

@rule()
def good(w, g, lr: Rate = 0.1):
    """Good."""
    return w - lr * g

@rule()
def short(w, g, lr: Rate = 0.1):
    """Short."""
    return (w - lr * g)[0]
''')
    assert str(caught.value) == (
        f"error: my_rule.py:{LINE}: silent has no docstring\n"
        "hint: add a docstring: one sentence, then the equation, indented\n"
        f"error: my_rule.py:{LINE + 9}: short returns w with shape (4,), but must return it "
        "with (3, 4)\n"
        "hint: return only the new w"
    )
    assert set(OPTIMIZERS) == before


FAULTS = {
    "a wrong signature": (
        rule_text("return w", inputs="w, g, lr: Rate = 0.1"),
        0, "rule mine takes (w, g), which does not match its slots 'v'", FORM,
    ),
    "a rate without a default": (
        rule_text("return w", inputs="w, g, v, lr, beta=0.9"),
        0, "the option lr of rule mine has no default",
        "write a default for each option, such as lr=0.01",
    ),
    "no slots": (
        rule_text("return w", slots="", inputs="w, g, m, v, t, lr: Rate = 0.1"),
        0, "rule mine takes (w, g, m, v, t), but has no slots",
        'for arrays that are kept from step to step, write @rule(slots="m v"); for an option, '
        "write a default, such as m=0.9",
    ),
    "slots with commas": (
        rule_text("return w", slots="m, v"),
        0, "rule mine has commas in its slots", 'separate the names by spaces: slots="m v"',
    ),
    "no learning rate": (
        rule_text("return w, v", inputs="w, g, v, rate: Rate = 0.1"),
        0, "rule mine has no option lr", "add the parameter lr with a default, such as lr=0.01",
    ),
    "a slot that starts at no option": (
        rule_text("return w, v", slots="v=first"),
        0, "rule mine has no option first",
        "add the parameter first with a default, such as first=0.01",
    ),
    "a changed input": (
        rule_text("v *= 0.9; return w - lr * v, v"),
        0, "mine changes its input v", "write v = v + …, not v += …",
    ),
    "too few values": (
        rule_text("return w - lr * g"),
        0, "mine returns one value, but must return 2 values", "return w, v",
    ),
    "too many values": (
        rule_text("return w - lr * g, v, g"),
        0, "mine returns 3 values, but must return 2 values", "return w, v",
    ),
    "no value": (
        rule_text("w - lr * g"),
        0, "mine returns nothing, but must return 2 values", "return w, v",
    ),
    "a number for an array": (
        rule_text("return w - lr * g, 0.0"),
        0, "mine returns an object of type float for v, not an array", "return w, v",
    ),
    "another type": (
        rule_text("return w - lr * g.astype(np.float32), v.astype(np.float32)"),
        0, "mine returns v with dtype float32, but must return it with float64",
        "convert no array to another dtype in the equation",
    ),
    "a misspelled option": (
        rule_text("v = bta * v + g; return w - lr * v, v",
                  inputs="w, g, v, lr: Rate = 0.1, beta: Decay = 0.9"),
        3, "mine raises NameError when it is checked: name 'bta' is not defined",
        "bta is neither a parameter nor imported; did you mean beta?",
    ),
    "a module that is not imported": (
        rule_text("return w - lr * scipy.special.expit(g), v"),
        3, "mine raises NameError when it is checked: name 'scipy' is not defined",
        "scipy is neither a parameter nor imported",
    ),
    "a variable that is used too early": (
        rule_text("mean = mean + g; return w - lr * mean, v"),
        3, "mine raises UnboundLocalError when it is checked: cannot access local variable 'mean' "
        "where it is not associated with a value",
        "give the variable a value before the equation uses it",
    ),
    "a misspelled function": (
        rule_text("return w - lr * np.heavyside(g, 0), v"),
        3, "mine raises AttributeError when it is checked: module 'numpy' has no attribute "
        "'heavyside'",
        "did you mean numpy.heaviside?",
    ),
    "a sum over lanes": (
        rule_text("return w - lr * g / np.linalg.norm(g), v"),
        0, ONE_BY_ONE, PURE,
    ),
    "a sum over the weights of a lane": (
        rule_text("return w - lr * g / np.abs(g).max(axis=-1, keepdims=True), v"),
        0, ONE_BY_ONE, PURE,
    ),
    "a bound that most weights do not reach": (
        rule_text("v = 0.9 * v + g; q = np.quantile(np.abs(v), 0.9); "
                  "return w - lr * np.clip(v, -q, q), v"),
        0, ONE_BY_ONE, PURE,
    ),
    "a bound far above the median": (
        rule_text("c = 10 * np.median(np.abs(g)); return w - lr * np.clip(g, -c, c), v"),
        0, ONE_BY_ONE, PURE,
    ),
    "a bound of many standard deviations in each lane": (
        rule_text("c = 20 * g.std(axis=-1, keepdims=True); return w - lr * np.clip(g, -c, c), v"),
        0, ONE_BY_ONE, PURE,
    ),
    "a bound from all lanes in a rule with norms": (
        rule_text("c = np.quantile(np.abs(g), 0.99); return w - lr * np.clip(g, -c, c) / norm(g)",
                  slots="", inputs="w, g, norm, lr: Rate = 0.1"),
        0, ONE_BY_ONE, PURE,
    ),
    "a rate from all lanes": (
        rule_text("return w - np.max(lr).astype(g.dtype) * g, v"),
        0, ONE_BY_ONE, PURE,
    ),
    "a slot that depends on other weights": (
        rule_text("return w - lr * g, np.maximum(v, np.median(v))"),
        0, ONE_BY_ONE, PURE,
    ),
    "a division of 0 by 0": (
        rule_text("v = v + g * g; return w - lr * g / np.sqrt(v), v"),
        0, "mine returns nan for w if the gradient of a weight is 0",
        "add a small number to the divisor, such as an option eps=1e-8",
    ),
    "a slot that is infinite at first": (
        rule_text("return w - lr * g, 1 / v"),
        0, "mine returns inf for v at the first step",
        "avoid a division by 0, and the root or logarithm of a negative number",
    ),
    "a function of numbers": (
        rule_text("return w - lr * math.sqrt(g), v"),
        3, "mine raises TypeError when it is checked: ",
        f"{ARRAYS}write np.sqrt instead of math.sqrt",
    ),
    "a minimum of numbers": (
        rule_text("b = min(beta, t / (t + 3)); return w - lr * b * g, v",
                  inputs="w, g, v, t, lr: Rate = 0.1, beta: Decay = 0.9"),
        3, "mine raises ValueError when it is checked: ",
        f"{ARRAYS}write np.minimum instead of min",
    ),
    "a maximum and a branch": (
        rule_text("return w - lr * max(g, v) if lr > 0.5 and g > 0 else w, v"),
        3, "mine raises ValueError when it is checked: ",
        f"{ARRAYS}write np.where(…) instead of if, & instead of and, np.maximum instead of max",
    ),
    "a branch in a function of the file": (
        "def sign(x):\n    if x > 0:\n        return 1\n    return -1\n\n"
        + rule_text("return w - lr * math.sqrt(2) * sign(g), v"),
        1, "mine raises ValueError when it is checked: ",
        f"{ARRAYS}write np.where(…) instead of if",
    ),
    "a conversion to a number": (
        rule_text("return w - float(lr) * g, v"),
        3, "mine raises TypeError when it is checked: ",
        f"{ARRAYS}use elementwise expressions",
    ),
    "a taken name": (
        '@rule()\ndef adam(w, g, lr: Rate = 0.1):\n    """Mine."""\n    return w\n',
        0, "there is already an optimizer with the name adam", "choose another name",
    ),
    "a taken alias": (
        '@rule()\ndef sgd(w, g, lr: Rate = 0.1):\n    """Mine."""\n    return w\n',
        0, "there is already an optimizer with the name sgd", "choose another name",
    ),
    "a schedule with a wrong signature": (
        '@schedule\ndef mine(epoch, lr):\n    """Mine."""\n    return lr\n',
        0, "schedule mine takes (epoch, lr), which gdrun cannot pass",
        "use the parameters (t, lr), (t, T, lr) or (drops, lr), then options with defaults; "
        "t is the time in epochs or steps, T the length of the run after warm-up, and drops the "
        "number of times that the rate has dropped",
    ),
    "a schedule that branches on the time": (
        '@schedule\ndef mine(t, lr):\n    """Mine."""\n    return lr if t < 3 else 0 * lr\n',
        3,
        "mine raises ValueError when it is checked: ",
        f"{ARRAYS}write np.where(…) instead of if",
    ),
    "a schedule that goes below zero": (
        '@schedule\ndef mine(t, lr):\n    """Mine."""\n    return lr - t\n',
        0, "mine returns -0.9 at t = 1, with T = 6 and lr = 0.1", "return a finite rate ≥ 0",
    ),
    "a schedule that changes its input": (
        '@schedule\ndef mine(t, lr):\n    """Mine."""\n    t += 1\n    return lr / t\n',
        0, "mine changes its input t", "write t = t + …, not t += …",
    ),
    "a schedule of another shape": (
        '@schedule\ndef mine(t, lr):\n    """Mine."""\n    return np.ones(7)\n',
        0, "mine returns an array of shape (7,) for 6 times and 2 runs",
        "use elementwise expressions only: t has shape (times, 1) and lr has shape (runs,), "
        "because runs are trained together",
    ),
    "a schedule that looks at all the times": (
        '@schedule\ndef mine(t, lr):\n    """Mine."""\n    return lr * t / t.max()\n',
        0, "mine is not elementwise: the rate at one time depends on other times or runs",
        "compute each rate only from its own t, T, lr and options",
    ),
    "a schedule's taken name": (
        '@schedule\ndef cosine(t, lr):\n    """Mine."""\n    return lr\n',
        0, "there is already a schedule with the name cosine", "choose another name",
    ),
    "text that is not Python": (
        "x = 1\ndef broken(:\n    pass\n",
        1, "is not valid Python: invalid syntax", "correct the Python syntax in this line",
    ),
    "an exception on import": (
        "x = 1\n\nx / 0\n",
        2, "raises ZeroDivisionError when it is loaded: division by zero",
        "run the file with python to see the whole traceback",
    ),
    "an exit on import": (
        "raise SystemExit(3)\n",
        0, "raises SystemExit when it is loaded: 3",
        "run the file with python to see the whole traceback",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "what", "hint"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_refused_with_where_and_what_to_mend(plugin, text, line, what, hint):
    before = [dict(each) for each in (OPTIMIZERS, SCHEDULES, OPTIMIZER_ALIASES)]
    with pytest.raises(GdrunError) as caught:
        plugin(text)
    (problem,) = caught.value.problems
    assert problem.where == f"my_rule.py:{LINE + line}"
    # The message of a NumPy exception, after its name, may change with NumPy's version.
    assert problem.what == what or (hint.startswith(ARRAYS) and problem.what.startswith(what))
    assert problem.hint == hint
    assert [dict(each) for each in (OPTIMIZERS, SCHEDULES, OPTIMIZER_ALIASES)] == before
