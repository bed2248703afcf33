"""The page of a report in a real browser: headless Chromium, which the test needs installed."""

import shutil
import time

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

import gdrun
from gdrun.views.report import of_runs, of_study, report_page
from gdrun.views.report.packing import packed

pytestmark = pytest.mark.slow

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--enable-unsafe-swiftshader",
    "--window-size=1200,1600",
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert program and driver, "these tests need Chromium and ChromeDriver: install both"
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(flag)
    # Debian's Chromium would otherwise open a page of the network when it starts.
    start = {"restore_on_startup": 4, "startup_urls": ["about:blank"]}
    options.add_experimental_option("prefs", {"session": start, "homepage": "about:blank"})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield found
    found.quit()


@pytest.fixture
def opened(browser, tmp_path):
    """A function that opens the page of these contents; at the end the console has no error."""

    def opening(contents):
        file = tmp_path / "report.html"
        file.write_text(report_page(contents | {"subtitle": "of a test"}), encoding="utf-8")
        browser.get(file.as_uri())
        until(lambda: rows(browser))
        return browser

    yield opening
    severe = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert severe == []
    requested = browser.get_log("performance")
    assert not [entry for entry in requested if '"url":"http' in entry["message"]]


def until(condition, seconds=5.0):
    """Wait until the condition holds, and return its value."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "the page did not change in time"
        time.sleep(0.02)
    return found


def curves(browser):
    """The names and the points of the curves on the screen; bands have no name."""
    return browser.execute_script(
        "return document.getElementById('curve-drawing').data.filter(t => t.name)"
        ".map(t => [t.name, Array.from(t.x), Array.from(t.y)])"
    )


def axis_types(browser):
    return browser.execute_script(
        "const layout = document.getElementById('curve-drawing').layout;"
        "return [layout.xaxis.type, layout.yaxis.type]"
    )


def choose(browser, name, value):
    Select(browser.find_element(By.ID, name)).select_by_value(value)


def rows(browser):
    """The names of the runs in the table, from top to bottom."""
    cells = browser.find_elements(By.CSS_SELECTOR, "#run-table tbody tr td:nth-child(2)")
    return [cell.text for cell in cells]


@pytest.fixture(scope="module")
def three_runs():
    config = {"dataset": "iris", "model": "softmax"}
    return [
        gdrun.train(config | {"name": f"<b>run</b> {k}"}, "epochs=8", f"lr={rate}")
        for k, rate in enumerate((0.5, 0.01, 0.1))
    ]


def test_curves_axes_and_smoothing(opened, three_runs):
    browser = opened(of_runs(three_runs))
    assert browser.find_element(By.ID, "title").text == "3 runs"
    drawn = curves(browser)
    assert [name for name, _, _ in drawn] == [f"&lt;b&gt;run&lt;/b&gt; {k}" for k in range(3)]
    for (_, xs, ys), run in zip(drawn, three_runs, strict=True):
        assert xs == run.evals["epoch"].tolist()
        assert ys == pytest.approx(run.evals["train_loss"].tolist(), rel=1e-6)
    assert axis_types(browser) == ["linear", "log"]
    choose(browser, "axis", "step")
    choose(browser, "x-scale", "log")
    choose(browser, "y-scale", "linear")
    assert axis_types(browser) == ["log", "linear"]
    assert curves(browser)[0][1] == three_runs[0].evals["step"].tolist()
    browser.execute_script(
        "const slider = document.getElementById('smoothing'); slider.value = 0.5;"
        "slider.dispatchEvent(new Event('input'))"
    )
    # Weights 1, ½, ¼, … of the past, divided by their sum: after two points (½ y₀ + y₁) / 1.5.
    first, second = three_runs[0].evals["train_loss"][:2]
    smooth = curves(browser)[0][2]
    assert smooth[0] == pytest.approx(first, rel=1e-6)
    assert smooth[1] == pytest.approx((0.5 * first + second) / 1.5, rel=1e-6)


def endings(browser):
    return [item.text for item in browser.find_elements(By.CSS_SELECTOR, "#verdicts li")]


def test_each_ending_has_the_evidence_of_its_own_runs(opened, three_runs):
    contents = of_runs(three_runs)
    shares = ("4 of 55 (85 %)", "4 of 55 (85 %)", "9 of 55 (60 %)")
    for run, share in zip(contents["runs"], shares, strict=True):
        run |= {"verdict": "finished: 8 epochs", "diagnosis": [f"class imbalance: {share}"]}
    assert endings(opened(contents)) == [
        "<b>run</b> 0; <b>run</b> 1: finished: 8 epochs\nclass imbalance: 4 of 55 (85 %)",
        "<b>run</b> 2: finished: 8 epochs\nclass imbalance: 9 of 55 (60 %)",
    ]
    # More than 8 endings that differ in numbers only are one, and its example is named.
    contents["runs"] = [
        contents["runs"][0] | {"id": str(k), "name": f"run {k}", "diagnosis": [f"{k} of 55"]}
        for k in range(9)
    ]
    assert endings(opened(contents)) == ["9 runs: for example run 0: finished: 8 epochs\n0 of 55"]


def test_the_table_sorts_filters_and_hides(opened, three_runs):
    browser = opened(of_runs(three_runs))
    names = [run.config["name"] for run in three_runs]
    assert rows(browser) == names
    browser.find_element(By.CSS_SELECTOR, "th[data-sort='train loss']").click()
    by_loss = sorted(three_runs, key=lambda run: run.summary["train_loss"])
    assert rows(browser) == [run.config["name"] for run in by_loss]
    browser.find_element(By.CSS_SELECTOR, "th[data-sort='train loss']").click()
    assert rows(browser) == [run.config["name"] for run in reversed(by_loss)]
    browser.find_element(By.ID, "filter").send_keys("lr=0.01")
    assert rows(browser) == [names[1]]
    assert len(curves(browser)) == 1
    browser.find_element(By.ID, "filter").clear()
    browser.find_element(By.ID, "filter").send_keys(" ")
    box = f"tr[data-run='{three_runs[0].id}'] input"
    browser.find_element(By.CSS_SELECTOR, box).click()
    assert [name[-1] for name, _, _ in curves(browser)] == ["1", "2"]
    browser.find_element(By.ID, "show-all").click()
    assert len(curves(browser)) == 3
    differences = browser.find_element(By.ID, "difference-table").text
    assert "optimizer.lr 0.5 0.01 0.1" in differences


@pytest.mark.parametrize(
    ("losses", "ticks"),
    [
        ([0.44, 0.6, 0.93], ["0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1"]),
        ([0.03, 0.7], ["0.05", "0.1", "0.2", "0.5"]),
        ([2500, 2500], ["2,500"]),
    ],
)
def test_the_ticks_of_a_loss_are_its_round_numbers(opened, three_runs, losses, ticks):
    contents = of_runs(three_runs[:1])
    contents["runs"][0]["evals"] |= {
        "epoch": packed(np.arange(len(losses))),
        "train_loss": packed(np.array(losses)),
    }
    browser = opened(contents)
    shown = browser.execute_script(
        "return document.getElementById('curve-drawing').layout.yaxis.ticktext"
    )
    assert set(ticks) <= set(shown) and len(shown) <= 9


def test_the_download_has_the_points_on_the_screen(opened, three_runs):
    browser = opened(of_runs(three_runs))
    browser.execute_script(
        "URL.createObjectURL = blob => { blob.text().then(t => { window.saved = t; });"
        " return 'data:,'; }"
    )
    browser.find_element(By.ID, "download").click()
    lines = until(lambda: browser.execute_script("return window.saved")).splitlines()
    assert lines[0] == '"run","epoch","train_loss"'
    assert len(lines) == 1 + sum(len(run.evals["epoch"]) for run in three_runs)
    name, epoch, loss = lines[1].rsplit(",", 2)
    assert (name, float(epoch)) == (f'"{three_runs[0].config["name"]}"', 0.0)
    assert float(loss) == pytest.approx(three_runs[0].evals["train_loss"][0], rel=1e-6)


def test_a_run_that_diverged_at_once_shows_its_steps_and_no_drawing_is_empty(opened):
    line = {"name": "a", "dataset": "diabetes", "model": "linear", "optimizer": "vanilla"}
    run = gdrun.train(line, "lr=1e4", "epochs=3", "evaluate.every=3")
    assert len(run.evals["train_loss"]) == 1
    browser = opened(of_runs([run]))
    # The loss of batches has a line; the only training loss has a marker.
    assert Select(browser.find_element(By.ID, "quantity")).first_selected_option.text == (
        "batch loss of steps"
    )
    choose(browser, "quantity", "evals train_loss")
    ((name, xs, _),) = curves(browser)
    assert (name, xs) == ("a (diverged)", [0])
    sizes = "return document.getElementById('curve-drawing').data[0].marker.size"
    assert browser.execute_script(sizes) == [8]
    words = (
        "return document.getElementById('curve-drawing').layout.annotations.map(each => each.text)"
    )
    assert browser.execute_script(words) == []
    browser.find_element(By.ID, "show-none").click()
    assert browser.execute_script(words) == ["no run is shown"]


def cards(browser):
    """The tiles below the title: what each counts, with its number."""
    found = browser.find_elements(By.CSS_SELECTOR, ".card")
    return {card.text.split("\n")[1]: card.text.split("\n")[0] for card in found}


def test_the_best_of_runs_is_that_of_runs_with_comparable_losses(opened):
    """With α = 0.26 above 2/L = 0.2489 the loss of diabetes grows 2,900-fold, below the limit."""
    line = {"dataset": "diabetes", "model": "linear", "variant": "bgd", "optimizer": "vanilla"}
    plan = [
        ({"dataset": "iris", "model": "softmax"}, "a", "lr=0.1"),
        (line, "b", "lr=0.12"),
        (line, "c", "lr=0.26"),
        (line, "d", "lr=100"),
    ]
    runs = [gdrun.train(config | {"name": name}, "epochs=60", rate) for config, name, rate in plan]
    assert [run.status for run in runs[2:]] == ["exhausted", "diverged"]
    browser = opened(of_runs(runs))
    found = cards(browser)
    best = {words: number for words, number in found.items() if words.startswith("best")}
    assert list(best) == ["best validation loss on iris: a", "best validation loss on diabetes: b"]
    assert float(best["best validation loss on diabetes: b"]) == pytest.approx(
        runs[1].summary["validation_loss"], rel=1e-3
    )
    assert found["problems, whose losses cannot be compared"] == "2"
    assert (found["diverged"], found["exploded, but did not diverge"]) == ("1", "1")
    text = browser.find_element(By.ID, "curve-note").text
    assert "Losses of different problems cannot be compared" in text
    heads = [each.text for each in browser.find_elements(By.CSS_SELECTOR, "#run-table thead th")]
    cells = browser.find_elements(
        By.CSS_SELECTOR, f"#run-table tbody td:nth-child({heads.index('symptom') + 1})"
    )
    assert [cell.text for cell in cells][2] == "exploding"
    browser = opened(of_runs(runs[1:]))
    assert "best validation loss: b" in cards(browser)
    assert browser.find_element(By.ID, "curve-note").text == ""


def test_runs_that_differ_in_the_seed_are_grouped(opened):
    config = {"dataset": "iris", "model": "softmax"}
    runs = [
        gdrun.train(config, "epochs=2", f"seed={seed}", f"lr={rate}")
        for rate in (0.1, 1e300)
        for seed in (0, 1, 2)
    ]
    browser = opened(of_runs(runs))
    assert rows(browser)[0] == "lr=0.1, seed 0"
    small, large = curves(browser)
    assert small[0] == "lr=0.1"
    assert small[2] == pytest.approx(
        np.median([run.evals["train_loss"] for run in runs[:3]], axis=0).tolist(), rel=1e-6
    )
    assert large[0] == "lr=1e+300 (3 of 3 diverged)"


def test_a_sweep_has_groups_scores_and_parallel_coordinates(opened):
    sweep = gdrun.sweep(
        {"dataset": "iris", "model": "softmax"},
        {"lr": [0.01, 0.1], "optimizer": ["vanilla", "momentum"]},
        "epochs=4",
        seeds=3,
    )
    browser = opened(of_study(sweep, "a sweep"))
    assert len(rows(browser)) == 12
    drawn = curves(browser)
    assert len(drawn) == 4  # grouped by setting
    results = sweep.standings[0].results
    losses = [result.evals["train_loss"] for result in results]
    medians = sorted(column)[1] if (column := [loss[-1] for loss in losses]) else None
    assert drawn[0][2][-1] == pytest.approx(medians, rel=1e-6)
    choose(browser, "group", "optimizer")
    assert {name for name, _, _ in curves(browser)} == {"optimizer=vanilla", "optimizer=momentum"}
    choose(browser, "group", "")
    assert len(curves(browser)) == 12
    dimensions = browser.execute_script(
        "return document.getElementById('parallel').data[0].dimensions.map(d => d.label)"
    )
    assert dimensions == ["optimizer.lr", "optimizer", "val loss (log10)"]
    shares = browser.execute_script("return document.getElementById('importance').data[0].x")
    assert len(shares) == 2 and all(0 <= share <= 1 for share in shares)


def test_a_sweep_over_rates_has_its_limit_and_marks_divergence(opened):
    sweep = gdrun.sweep(
        {"dataset": "diabetes", "model": "linear", "variant": "bgd", "optimizer": "vanilla"},
        {"lr": [0.1, 0.2, 0.3]},
        "epochs=60",
        seeds=1,
    )
    limit = sweep.limit
    browser = opened(of_study(sweep, "a sweep"))
    row = browser.find_element(By.CSS_SELECTOR, "#limit-table tbody tr").text
    assert row == f"{limit.predicted:.4g} 2/L {limit.smoothness:.4g} 0.2 0.3"
    band, line = browser.execute_script(
        "return document.getElementById('sensitivity').layout.shapes"
    )
    assert (band["x0"], band["x1"]) == (0.2, 0.3)
    assert line["x0"] == line["x1"] == pytest.approx(limit.predicted)
    texts = browser.execute_script(
        "return document.getElementById('sensitivity').layout.annotations.map(a => [a.text, a.x])"
    )
    note = browser.find_element(By.ID, "limit-note").text
    assert note.startswith("Rates above the predicted limit are unstable. The band in the drawing")
    # The axis is logarithmic, where annotations have the logarithm of their place.
    assert texts[0] == ["×", pytest.approx(np.log10(0.3))]
    assert texts[1] == [" 2/L", pytest.approx(np.log10(limit.predicted))]


def test_a_walk_is_scrubbed_stepped_and_played(opened):
    walks = [
        gdrun.train({"name": name, "surface": "bowl", "optimizer": name}, "steps=40", "lr=0.05")
        for name in ("vanilla", "momentum")
    ]
    browser = opened(of_runs(walks))

    def walk(place):
        return browser.execute_script(
            "const t = document.getElementById('walk-drawing').data[1 + arguments[0]];"
            "return [Array.from(t.x), Array.from(t.y)]",
            place,
        )

    start = walks[0].config["surface"]["start"]
    xs, ys = walk(0)
    assert (xs[0], ys[0]) == tuple(start)
    assert xs[1:] == pytest.approx(walks[0].steps["x"].tolist(), rel=1e-6)
    browser.execute_script(
        "const slider = document.getElementById('scrub'); slider.value = 7;"
        "slider.dispatchEvent(new Event('input'))"
    )
    assert len(walk(1)[0]) == 8
    assert browser.find_element(By.ID, "walk-step").text == "step 7 of 40"
    browser.find_element(By.ID, "forward").click()
    browser.find_element(By.ID, "forward").click()
    browser.find_element(By.ID, "back").click()
    assert len(walk(0)[0]) == 9
    browser.find_element(By.ID, "play").click()
    until(lambda: len(walk(0)[0]) == 41, 20)
    assert browser.find_element(By.ID, "play").text == "play"


def test_both_colour_schemes(opened, three_runs):
    browser = opened(of_runs(three_runs))
    for scheme, paper in (("dark", "#14181d"), ("light", "#ffffff")):
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )
        until(
            lambda paper=paper: (
                browser.execute_script(
                    "return document.getElementById('curve-drawing').layout.paper_bgcolor"
                )
                == paper
            )
        )
