"""`gdrun plot STUDY`: the walks of a study on a surface, in the terminal and in files."""

import shlex
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import gdrun as package
from gdrun.views.pictures.walk import walk_picture
from gdrun.views.report.contents import of_study
from gdrun.views.study_figures import comparison_charts
from gdrun.views.walks import walks


@pytest.mark.slow
@pytest.mark.parametrize("study", ["compare vanilla momentum", "sweep lr=0.1,0.05"])
def test_a_study_on_a_surface_is_animated_as_walks(gdrun, tmp_path, study):
    from PIL import Image

    words = (*study.split(), "surface=bowl", "variant=bgd", "steps=5", "-o", str(tmp_path))
    assert gdrun(*words).code == 0
    file = tmp_path / "a.gif"
    assert gdrun("plot", "last", "--runs", str(tmp_path), "-o", str(file)).code == 0
    with Image.open(file) as picture:
        assert picture.n_frames == 6


@pytest.mark.longer
def test_a_picture_of_a_study_on_a_surface_leads_to_its_walks(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("surface=bowl", "variant=bgd", "schedule=constant", "steps=20", "-q")
    gdrun("compare", "vanilla", "momentum", *words)
    gdrun("sweep", "condition=2,5", *words)
    compared, swept = sorted((tmp_path / "runs").iterdir(), key=lambda path: path.name[16:])
    *_, head, command = gdrun("plot", str(compared), "-o", "x.svg").out.splitlines()
    assert head == "to draw the walks on the surface:"
    assert gdrun(*shlex.split(command)[1:]).code == 0
    assert (tmp_path / "x-walk.svg").exists()
    # Two bowls have no common picture, and a picture of walks needs no other.
    assert "walks" not in gdrun("plot", str(swept), "-o", "y.svg").out
    assert "draw" not in gdrun("plot", str(compared), "--kind", "walk", "-o", "z.svg").out


def test_the_walks_of_contenders_are_the_recurrences_of_their_methods(contenders):
    found, _ = contenders
    plain, diverged = walks(found).paths
    # On ½(x² + 10y²) a step with rate 0.1 multiplies x by 0.9, and y by 0, from (−4, 1.5).
    expected = [(-4.0 * 0.9**k, 1.5 if k == 0 else 0.0) for k in range(7)]
    np.testing.assert_allclose(plain.places, expected, atol=1e-12)
    assert plain.label == "vanilla+lr=0.1"
    assert diverged.label == "momentum+lr=1e9 (diverged at step 1), ends outside the picture"


@pytest.mark.longer
def test_a_sweep_on_a_surface_has_a_walk_for_each_value(gdrun, tmp_path):
    bowl = {"surface": "bowl", "variant": "bgd", "stopping": {"steps": 6}, "engine": "numpy"}
    rates = [0.01 * k for k in range(1, 10)]
    found = package.sweep(
        bowl | {"optimizer": "vanilla"}, {"optimizer.lr": rates}, seeds=1, out=tmp_path / "lr"
    )
    # On ½(x² + 10y²) a step multiplies x by 1 − α, and y by 1 − 10α, from (−4, 1.5).
    for rate, path in zip(rates, walks(found).paths, strict=True):
        expected = [(-4.0 * (1 - rate) ** k, 1.5 * (1 - 10 * rate) ** k) for k in range(7)]
        np.testing.assert_allclose(path.places, expected, atol=1e-12)
        assert path.label == f"lr={rate}"
    (directory,) = (tmp_path / "lr").iterdir()
    drawn = gdrun("plot", str(directory), "--kind", "walk").out
    assert all(f"  {'abcdefghi'[k]}  lr={rates[k]}" in drawn for k in range(9))
    file = tmp_path / "walk.svg"
    assert gdrun("plot", str(directory), "--kind", "walk", "-o", str(file)).code == 0
    texts = "".join(ElementTree.parse(file).getroot().itertext())
    assert all(f"lr={rate}" in texts for rate in rates)
    lines = [line for line in walk_picture(walks(found)).axes[0].lines if line.get_markevery()]
    styles = {(line.get_color(), line.get_linestyle()) for line in lines}
    assert len(styles) == len(rates)


@pytest.mark.longer
def test_a_sweep_of_the_surface_itself_has_no_walks(gdrun, tmp_path):
    bowl = {"surface": "bowl", "variant": "bgd", "stopping": {"steps": 2}, "engine": "numpy"}
    package.sweep(bowl, {"surface.condition": [2.0, 5.0]}, seeds=1, out=tmp_path)
    (directory,) = tmp_path.iterdir()
    answer = gdrun("plot", str(directory), "--kind", "walk")
    assert answer.code == 2
    assert "needs settings on the same surface" in answer.err


@pytest.mark.longer
def test_a_comparison_on_a_surface_shows_its_walks_and_counts_steps(gdrun, contenders, tmp_path):
    found, directory = contenders
    text = gdrun("plot", str(directory)).out
    assert "*: minimum" in text
    assert "gradients" not in text
    assert {chart.x_label for chart in comparison_charts(found)} <= {"step", "seconds in updates"}
    file = tmp_path / "walk.svg"
    assert gdrun("plot", str(directory), "--kind", "walk", "-o", str(file)).code == 0
    texts = "".join(ElementTree.parse(file).getroot().itertext())
    assert "ends outside the picture" in texts
    contents = of_study(found, "a bowl")
    assert "gradients" not in contents["axes"]
    (surface,) = contents["surfaces"]
    assert len(surface["runs"]) == len(surface["starts"]) == 2
