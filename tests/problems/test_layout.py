"""Named weights are views on the flat row of a lane."""

import numpy as np
import pytest

from gdrun.problems.layout import Layer, ParameterLayout

SCALAR = ParameterLayout((Layer(3, 1, scalar=True),))
CLASSES = ParameterLayout((Layer(3, 4),))
DEEP = ParameterLayout((Layer(3, 4, prefix="layer1."), Layer(4, 2, prefix="layer2.", bias=False)))
every_layout = pytest.mark.parametrize("layout", [SCALAR, CLASSES, DEEP])


@pytest.mark.parametrize("lanes", [(), (5,), (2, 5)], ids=["row", "lanes", "streams"])
@pytest.mark.parametrize(
    ("layout", "shapes"),
    [
        (SCALAR, {"w": (3,), "b": ()}),
        (CLASSES, {"w": (3, 4), "b": (4,)}),
        (DEEP, {"layer1.w": (3, 4), "layer1.b": (4,), "layer2.w": (4, 2)}),
        (ParameterLayout((Layer(3, 1, bias=False, scalar=True),)), {"w": (3,)}),
        (ParameterLayout((Layer(1, 1),)), {"w": (1, 1), "b": (1,)}),
    ],
)
def test_names_and_shapes(layout, shapes, lanes):
    views = layout.named(np.zeros((*lanes, layout.size)))
    assert {name: view.shape for name, view in views.items()} == {
        name: (*lanes, *shape) for name, shape in shapes.items()
    }
    assert layout.size == sum(int(np.prod(shape)) for shape in shapes.values())


def test_places_counted_by_hand():
    # Output by output, the bias last: w₀₀ w₁₀ w₂₀ b₀, w₀₁ w₁₁ w₂₁ b₁, …
    views = CLASSES.named(np.arange(16.0))
    assert views["w"].T.tolist() == [[0, 1, 2], [4, 5, 6], [8, 9, 10], [12, 13, 14]]
    assert views["b"].tolist() == [3, 7, 11, 15]
    # The second layer begins behind the 4 · (3 + 1) = 16 places of the first.
    second = DEEP.named(np.arange(24.0))["layer2.w"]
    assert second.T.tolist() == [[16, 17, 18, 19], [20, 21, 22, 23]]
    assert DEEP.matrix(np.arange(24.0), 1).tolist() == second.T.tolist()


@every_layout
@pytest.mark.parametrize("lanes", [(), (5,), (2, 5)], ids=["row", "lanes", "streams"])
def test_every_place_has_one_name_and_writing_to_it_writes_the_row(layout, lanes):
    row = np.full((*lanes, layout.size), -1.0)
    views = layout.named(row)
    for number, view in enumerate(views.values()):
        assert np.shares_memory(view, row)
        view += 1 + number
    for number, view in enumerate(views.values()):
        # −1 + 1 + number, where a place with two names would have been raised twice.
        assert np.count_nonzero(row == number) == view.size
    assert sum(view.size for view in views.values()) == row.size


@every_layout
def test_the_matrix_is_a_view(layout):
    row = np.zeros((2, layout.size))
    for index, layer in enumerate(layout.layers):
        matrix = layout.matrix(row, index)
        assert matrix.shape == (2, layer.outputs, layer.inputs + layer.bias)
        matrix += 1
    assert (row == 1).all()


@every_layout
def test_the_penalty_marks_weights_and_no_bias(layout):
    marks = layout.named(layout.penalised.astype(float))
    assert {name: bool(view.all()) for name, view in marks.items() if view.all() == view.any()} == {
        name: name.endswith("w") for name in marks
    }


def test_each_entry_is_told_the_norm_of_the_tensor_it_is_in():
    # Two layers, 2 → 2 with bias and 2 → 1 without: rows [w₁₁ w₁₂ b₁ w₂₁ w₂₂ b₂] and [v₁ v₂].
    layout = ParameterLayout((Layer(2, 2, "a."), Layer(2, 1, "b.", bias=False)))
    row = np.array([[1.0, 2.0, 3.0, 4.0, 2.0, 4.0, 5.0, 12.0]])
    # ‖(1, 2, 4, 2)‖ = 5 for the first weights, ‖(3, 4)‖ = 5·1 for its biases, ‖(5, 12)‖ = 13.
    lanes = np.concatenate([row, 2 * row])
    wanted = np.array([5.0, 5, 5, 5, 5, 5, 13, 13])
    np.testing.assert_allclose(layout.tensor_norm(lanes), [wanted, 2 * wanted], rtol=1e-15)
    # Apart from the biases, (1, 2, 4, 2) · 3 has norm 15 while they keep theirs.
    row[0, [0, 1, 3, 4]] *= 3
    assert layout.tensor_norm(row)[0].tolist() == [15, 15, 5, 15, 15, 5, 13, 13]
