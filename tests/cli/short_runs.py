"""The words of training runs that take a moment."""

IRIS = (
    "dataset=iris",
    "model=softmax",
    "schedule=constant",
    "epochs=3",
    "name=flowers",
    "engine=numpy",
)

BOWL = (
    "surface={name: bowl, condition: 4}",
    *("variant=bgd", "optimizer=vanilla", "schedule=constant", "lr=0.2"),
)

NETWORK = ("dataset=iris", "model={name: mlp, hidden: [4], init: normal}")
