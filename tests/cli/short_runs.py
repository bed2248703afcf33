"""The words of a training run that takes a moment."""

IRIS = (
    "dataset=iris",
    "model=softmax",
    "schedule=constant",
    "epochs=3",
    "name=flowers",
    "engine=numpy",
)
