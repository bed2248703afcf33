"""Pictures of a run, against other computations: its model, the theory of its loss, its walk."""

import io
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

import gdrun
from gdrun.views import model_figures, theory_figures
from gdrun.views.pictures.landscape import landscape_picture
from gdrun.views.pictures.lines import charts_picture
from gdrun.views.pictures.regions import regions_picture
from gdrun.views.pictures.style import style
from gdrun.views.pictures.walk import walk_picture, write_walk_animation
from gdrun.views.walks import Plane, walks


def test_regions_are_the_predictions_of_the_model(moons):
    found = model_figures.decision_regions(moons)
    chosen = np.random.default_rng(0).integers(0, model_figures.GRID, (50, 2))
    for row, column in chosen.tolist():
        (label,) = moons.model.predict([[found.x[column], found.y[row]]])
        assert found.classes[found.codes[row, column]] == str(label)
    # The data of moons are read in their own unit: the two half circles span about −1 … 2.
    assert found.points[:, 0].min() < -0.8
    assert found.points[:, 0].max() > 1.8
    with style():
        (names,) = regions_picture(found).legends
        assert [text.get_text() for text in names.get_texts()] == ["0", "1"]


def test_confusion_has_the_counts_of_the_record(moons):
    found = model_figures.confusion(moons)
    matrix = np.array(moons.summary["confusion"]["matrix"])
    assert found.texts == tuple(tuple(map(str, row)) for row in matrix.tolist())
    np.testing.assert_allclose(found.values.sum(axis=1), 1)


def test_reliability_by_a_slow_loop():
    run = gdrun.train({"dataset": "breast-cancer", "model": "logistic"}, "epochs=3", "lr=0.01")
    found = model_figures.reliability(run)
    data = model_figures._data(run)
    p = run.model.predict_proba(data.test.X * data.scale + data.mean)[:, 1]
    expected = []
    for low in np.arange(10) / 10:
        rows = (p >= low) & ((p < low + 0.1) | (low == 0.9))
        if rows.any():
            expected.append((p[rows].mean(), (data.test.y[rows] == 1).mean(), rows.sum()))
    curve = found.curves[0]
    counts = list(map(int, curve.texts))
    np.testing.assert_allclose(np.transpose([curve.x, curve.y, counts]), expected)
    assert sum(counts) == len(p)
    (axes,) = charts_picture([found]).axes
    assert [each.get_text() for each in axes.texts][: len(counts)] == list(curve.texts)


def test_residuals_are_in_the_unit_of_the_target():
    run = gdrun.train(
        {"dataset": "diabetes", "model": "linear"},
        "epochs=20",
        "lr=0.01",
        "standardize.target=true",
    )
    found = model_figures.residuals(run)
    # R² = 1 − Σ residual² / Σ (target − mean)², which training measured on the same part.
    targets = found.predictions + found.residuals
    spread = ((targets - targets.mean()) ** 2).sum()
    r2 = 1 - (found.residuals**2).sum() / spread
    assert r2 == pytest.approx(run.summary["metrics"][found.part]["r2"])


def test_a_walk_begins_at_the_start_and_has_the_values_of_its_surface():
    run = gdrun.train(
        {"surface": {"name": "bowl", "condition": 4.0}}, "optimizer=vanilla", "lr=0.1", "steps=5"
    )
    found = walks([run])
    # f = ½ (x² + 4 y²); the minimum is 0.
    x, y = np.meshgrid(found.x, found.y)
    np.testing.assert_allclose(found.values, 0.5 * (x * x + 4 * y * y))
    (path,) = found.paths
    np.testing.assert_array_equal(path.places[0], [-4, 1.5])
    with style():
        axes = walk_picture(found).axes[0]
        (drawn,) = [line for line in axes.lines if line.get_label() == "path 0"]
        np.testing.assert_array_equal(drawn.get_xydata(), path.places)
        assert path.places.shape == (6, 2)


@pytest.mark.longer
@pytest.mark.parametrize("surface", ["bowl", "plateau", "saddle", "himmelblau"])
def test_both_axes_of_a_walk_have_the_same_scale(surface):
    words = ("optimizer=vanilla", "lr=1e-4", "steps=5")
    found = walks([gdrun.train({"surface": surface}, *words)])
    with style():
        picture = walk_picture(found)
        FigureCanvasAgg(picture).draw()
        (axes,) = picture.axes
        # The lengths in pixels of one unit along x and along y.
        origin, right, up = axes.transData.transform([(0, 0), (1, 0), (0, 1)])
        across, upwards = right[0] - origin[0], up[1] - origin[1]
    assert across == pytest.approx(upwards, rel=1e-3)


def test_a_walk_along_a_strip_keeps_its_room():
    narrow = Plane(np.linspace(0, 10, 3), np.linspace(0, 1, 3), np.zeros((3, 3)))
    assert not narrow.equal_scales
    assert Plane(narrow.y, narrow.x / 4, narrow.values).equal_scales


def test_the_walk_of_a_contender_has_every_step():
    base = {"surface": {"name": "bowl", "condition": 10.0}, "optimizer": {"name": "vanilla"}}
    budget = {"variant": "bgd", "stopping": {"steps": 200}, "log": {"points": "all"}}
    kept = gdrun.compare(["vanilla+lr=0.19", "vanilla+lr=0.01"], base | budget)
    steps = np.arange(201)
    for path, lr in zip(walks(kept).paths, (0.19, 0.01), strict=True):
        # The gradient of ½ (x² + 10 y²) is (x, 10 y): y ← (1 − 10 α) y changes its sign at 0.19.
        places = [-4 * (1 - lr) ** steps, 1.5 * (1 - 10 * lr) ** steps]
        np.testing.assert_allclose(path.places.T, places, rtol=1e-9, atol=1e-300)
        assert "apart" not in path.label


def test_a_walk_without_every_step_says_so():
    run = gdrun.train({"surface": "bowl"}, "optimizer=vanilla", "steps=40", "log.points=10")
    (path,) = walks([run]).paths
    # At most ten points for 40 steps: each stands for 9, and the last one for 4.
    assert path.label == "vanilla, a corner of the line every 9 steps"
    assert len(path.places) == 1 + 5


@pytest.mark.longer
def test_a_walk_without_every_step_shows_the_jumps():
    """y ← −0.999 y near the limit 0.2 of the bowl: 2,200 steps, on at most 2,000 points."""
    base = {"surface": "bowl", "optimizer": "vanilla", "variant": "bgd"}
    kept = gdrun.compare(["vanilla+lr=0.1999", "vanilla+lr=0.1"], base, "steps=2200")
    path = walks(kept).paths[0]
    heights = path.places[:-1, 1]
    assert path.label == "vanilla+lr=0.1999, a corner of the line every 3 steps"
    assert (heights[1:] * heights[:-1] < 0).all()
    np.testing.assert_allclose(abs(heights), 1.5 * 0.999 ** (3 * np.arange(len(heights))))
    # The start and 734 more points are 735: a marker at every 61st, 183 steps from the last.
    with style():
        picture = walk_picture(walks(kept))
    named = [text.get_text().replace("\n", " ") for text in picture.legends[0].get_texts()]
    assert named[0] == f"{path.label}, a marker every 183"
    line = next(line for line in picture.axes[0].lines if line.get_label() == "path 0")
    assert (len(line.get_xdata()), line.get_markevery()) == (735, 61)


@pytest.mark.longer
def test_an_animation_ends_with_the_picture_of_the_walk():
    run = gdrun.train({"surface": "bowl"}, "steps=12", "lr=0.05")
    moving, still = io.BytesIO(), io.BytesIO()
    with style():
        write_walk_animation(walks([run]), moving)
        walk_picture(walks([run])).savefig(still, format="png", dpi=100)
    animation, picture = Image.open(moving), Image.open(still)
    animation.seek(animation.n_frames - 1)
    shown, expected = (np.asarray(each.convert("RGB"), int) for each in (animation, picture))
    assert shown.shape == expected.shape
    assert shown[3, 3].tolist() == [255, 255, 255]
    # A palette of 256 colours changes the soft edges of lines a little.
    assert (np.abs(shown - expected).max(axis=2) > 30).mean() < 1e-3
    # A frame has the path up to its step, so that each has more colour than the one before.
    coloured = []
    for frame in range(animation.n_frames):
        animation.seek(frame)
        pixels = np.asarray(animation.convert("RGB"), int)
        coloured.append((np.ptp(pixels, axis=2) > 60).sum())
    assert len(coloured) > 5 and (np.diff(coloured) > 0).all()


def test_bounds_are_above_what_was_observed():
    run = gdrun.train(
        {"dataset": "diabetes", "model": "linear", "variant": "bgd", "optimizer": "vanilla"},
        "lr=0.05",
        "epochs=8",
    )
    first, second = theory_figures.bound_charts(run)
    assert (first.y_label, second.y_label) == ("f − f*", "min ‖∇f‖²")
    for chart in (first, second):
        seen, *bounds = chart.curves
        assert seen.label == "observed" and bounds
        assert all((seen.y <= bound.y).all() for bound in bounds)


def test_the_limit_beside_the_curvature_is_2_over_the_rate():
    run = gdrun.train(
        {"dataset": "diabetes", "model": "linear", "variant": "bgd", "optimizer": "vanilla"},
        "lr=0.05",
        "epochs=4",
    )
    chart = theory_figures.curvature_chart(run)
    largest, limit, smallest = chart.curves
    np.testing.assert_allclose(limit.y, 2 / 0.05)
    X = model_figures._data(run).train.X
    X = np.column_stack([X, np.ones(len(X))])
    eigenvalues = np.linalg.eigvalsh(2 * X.T @ X / len(X))  # of the mean squared error
    np.testing.assert_allclose(largest.y, eigenvalues[-1], rtol=2e-3)
    np.testing.assert_allclose(smallest.y, eigenvalues[0], atol=2e-3 * eigenvalues[-1])


def test_the_noise_of_batches_falls_as_one_over_their_size():
    run = gdrun.train({"dataset": "iris", "model": "softmax"}, "epochs=2")
    chart = theory_figures.noise_chart(run)
    predicted = chart.curves[1]
    assert predicted.label == "with replacement, predicted"
    np.testing.assert_allclose(predicted.y * predicted.x, predicted.y[0])
    # 400 batches: the mean of ‖·‖² is within 30 % in every case that was seen over seeds.
    np.testing.assert_allclose(chart.curves[0].y, predicted.y, rtol=0.3)


def test_a_landscape_is_drawn_around_its_path(moons):
    title, plane, log = theory_figures.landscape(moons)
    with style():
        picture = landscape_picture(title, plane, log)
        axes = picture.axes[0]
        np.testing.assert_array_equal(axes.lines[1].get_xydata(), plane.path)
        assert "first principal direction" in axes.get_xlabel()
        (names,) = picture.legends
        path, start, end = (text.get_text() for text in names.get_texts())
        # The start, and the end of each of 10 epochs.
        assert path.startswith("the weights at 11 evaluations: a smaller evaluate.every")
        # The keys of the legend have the colours of the points that they explain.
        for word, key, line, place in zip(
            (start, end), names.legend_handles[1:], axes.lines[2:], plane.path[[0, -1]], strict=True
        ):
            assert word in ("start", "end")
            assert key.get_markerfacecolor() == line.get_markerfacecolor()
            np.testing.assert_array_equal(line.get_xydata(), [place])


def test_a_landscape_says_of_how_many_evaluations_it_shows_the_weights(moons):
    _, plane, _ = theory_figures.landscape(moons)
    with style():
        (names,) = landscape_picture("a", replace(plane, evaluations=801), False).legends
        assert names.get_texts()[0].get_text() == "the weights at 11 of 801 evaluations"


def test_a_landscape_with_every_step_asks_for_no_more(moons):
    _, plane, _ = theory_figures.landscape(moons)
    steps = np.arange(len(plane.path))
    with style():
        (names,) = landscape_picture("a", replace(plane, steps=steps), False).legends
    assert names.get_texts()[0].get_text() == f"the weights at each of {len(steps) - 1} steps"
