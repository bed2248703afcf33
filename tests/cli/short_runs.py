"""The words of training runs that take a moment, and the names of those in a list."""

import re

IRIS = (
    "dataset=iris",
    "model=softmax",
    "schedule=constant",
    "epochs=3",
    "name=flowers",
    "engine=numpy",
)

QUIET_IRIS = ("dataset=iris", "model=softmax", "schedule=constant", "epochs=3", "-q")

BOWL = (
    "surface={name: bowl, condition: 4}",
    *("variant=bgd", "optimizer=vanilla", "schedule=constant", "lr=0.2"),
)

NETWORK = ("dataset=iris", "model={name: mlp, hidden: [4], init: normal}")


def names(answer):
    """The names of the runs in the answer of `gdrun runs`, from the first line."""
    return re.findall(r"^\d{8}-\d{6}-(\w+)-", answer.out, re.MULTILINE)
