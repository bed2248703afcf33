"""The layers that the rules for networks compare, in networks of every kind."""

import pytest

import gdrun
from gdrun.symptoms import network_rules
from gdrun.symptoms.facts import Traced


@pytest.mark.parametrize(
    ("model", "layers"),
    [
        ({"hidden": [8, 4], "residual": True}, 3),
        ({"hidden": [8, 4], "batch_norm": True}, 3),
        ({"hidden": [4] * 11}, 12),
    ],
    ids=["residual", "batch_norm", "eleven layers"],
)
def test_layers_are_in_order_and_skip_connections_are_none(model, layers, monkeypatch):
    compared = []
    original = network_rules._layers

    def watched(run: Traced, kind: str) -> list[str]:
        compared.append((kind, original(run, kind)))
        return compared[-1][1]

    monkeypatch.setattr(network_rules, "_layers", watched)
    run = gdrun.train({"dataset": "iris", "model": {"name": "mlp", **model}}, "epochs=6")
    assert isinstance(run.record["diagnosis"], list)
    expected = [f"layer{k}.grad_norm" for k in range(1, layers + 1)]
    assert dict(compared)["grad_norm"] == expected
