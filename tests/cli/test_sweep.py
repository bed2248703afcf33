"""`gdrun sweep`: its arguments, searches and previews, JSON, and what it saves and refuses."""

import json
import re
import shlex
from pathlib import Path

import pytest
from rich.cells import cell_len
from study.cases import LEAST_SQUARES

from gdrun.config.writing import to_yaml


@pytest.mark.slow
def test_bare_lr_on_the_quickstart_teaches_in_seconds(gdrun, tmp_path):
    answer = gdrun("sweep", "lr", "-o", str(tmp_path))
    lines = answer.out.splitlines()
    assert (answer.code, answer.err) == (0, "")
    assert max(cell_len(line) for line in lines if str(tmp_path) not in line) <= 80
    expected = ("too small", "slow", "best", "too large", "unstable")
    assert [word for word in expected if f"  {word}  " in answer.out] == [*expected]
    assert len([line for line in lines if re.match(r" *[\d.]+  [a-z]", line)]) == 11
    assert "2(1 + β)/L = " in answer.out


def test_a_preview_runs_nothing(sweep, tmp_path):
    answer = sweep("optimizer=adam,lion", "lr=0.1,0.2", "--print-trials", "--seeds", "2")
    assert answer.page == (
        "optimizer   lr\n"
        "adam       0.1\n"
        "adam       0.2\n"
        "lion       0.1\n"
        "lion       0.2\n"
        "\n"
        "4 settings × 2 seeds: 8 runs in 2 cohorts of up to 4 lanes\n"
    )
    assert not (tmp_path / "runs").exists()


def test_a_preview_as_json(sweep):
    document = json.loads(sweep("lr=0.1,0.2", "--print-trials", "--seeds", "2", "--json").out)
    assert document["cohorts"] == [4]
    assert document["trials"][2] == {"trial": 3, "settings": {"optimizer.lr": 0.2}, "seed": 0}


def test_one_value_is_set_and_swept_are_the_others(sweep):
    document = json.loads(sweep("lr=0.1,0.2", "optimizer=adam", "epochs=2", "--json").out)
    assert document["base"]["optimizer"]["name"] == "adam"
    assert document["base"]["stopping"]["epochs"] == 2
    assert [row["settings"].keys() for row in document["ranking"]] == [{"optimizer.lr"}] * 2


def test_the_best_is_a_config_ready_to_train(sweep, gdrun, tmp_path):
    best = tmp_path / "best.yaml"
    document = json.loads(
        sweep("lr=0.001,0.1,0.3", "--save-best", str(best), "--seeds", "1", "--json").out
    )
    answer = gdrun("train", str(best), "--json", "-o", str(tmp_path / "runs"))
    run = json.loads(answer.out)
    (first, *_) = document["ranking"]
    assert run["summary"]["validation_loss"] == pytest.approx(first["median"], rel=1e-9)
    again = sweep("lr=0.1,0.3", "--save-best", str(best))
    assert (again.code, again.out) == (2, "")
    assert "the file exists already\nhint: choose another name\n" in again.err


def test_json_is_one_document_with_the_statistics(sweep):
    answer = sweep("lr=0.1,1e6", "--seeds", "3", "--json")
    document = json.loads(answer.out)
    assert answer.err == ""
    assert (document["status"], document["metric"]) == ("complete", "validation_loss")
    good, lost = document["ranking"]
    assert (good["rank"], good["runs"], good["diverged"]) == (1, 3, 0)
    assert good["quartiles"][0] <= good["median"] <= good["quartiles"][1]
    assert (lost["rank"], lost["diverged"], lost["median"]) == (None, 3, None)
    assert lost["nonfinite"]["median"] == "inf"
    assert lost["verdict"].startswith("diverged at step ")


def test_every_run_diverged_is_exit_code_3(sweep):
    answer = sweep("lr=1e6,1e7")
    assert answer.code == 3
    assert answer.out.count("diverged at step") == 2


def test_a_best_value_at_the_edge_is_a_warning_with_a_wider_range(sweep):
    answer = sweep("lr=0.0001,0.001,0.01")
    assert "warning: the best lr is the largest that was tried" in answer.out
    assert "lr=log:0.0001:0.1:4" in answer.out


def test_halving_prints_its_rungs(sweep):
    answer = sweep("lr=log:1e-4:1:9", "epochs=9", "--halving", "--seeds", "1")
    assert "at epoch 1: 6 settings dropped, 3 continued" in answer.out
    assert "at epoch 3: 2 settings dropped, 1 continued" in answer.out
    assert answer.out.count("dropped at epoch 1") == 6


@pytest.mark.longer
@pytest.mark.parametrize("count", ["", ":2", ":5"])
def test_a_random_search_draws_what_is_asked(sweep, count):
    words = (f"lr=log:1e-3:1{count}", "--search", "random", "--trials", "7")
    document = json.loads(sweep(*words, "--json").out)
    rates = [row["settings"]["optimizer.lr"] for row in document["ranking"]]
    assert len(set(rates)) == 7
    assert all(1e-3 <= rate <= 1 for rate in rates)
    # The count has no influence on what is drawn.
    other = json.loads(sweep("lr=log:1e-3:1:9", *words[1:], "--json").out)
    assert [row["settings"] for row in other["ranking"]] == [
        row["settings"] for row in document["ranking"]
    ]


def test_several_keys_in_one_word_are_told_apart(sweep):
    answer = sweep("lr,batch_size")
    assert answer.err == (
        "error: 'lr,batch_size': a comma cannot separate keys, only the values of one key\n"
        "hint: write lr batch_size\n"
    )


def test_a_grid_needs_the_count_of_a_range(sweep):
    assert "a range needs two finite numbers and a count" in sweep("lr=log:1e-3:1").err
    assert sweep("lr=log:0:1", "--search", "random").err.startswith(
        "error: 'lr=log:0:1': the ends of a log range must be positive"
    )


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ["lrr=1,2"],
            "error: 'lrr=1,2': unknown key 'lrr'\nhint: did you mean optimizer.lr?\n",
        ),
        (
            ["lr=0.1"],
            "error: no key has more than one value to try\n"
            "hint: list several values, such as lr=0.1,0.01, or lr alone for a default range\n",
        ),
        (
            ["seed=1,2"],
            "error: 'seed=1,2': the seed cannot be swept: the best seed would be luck\n"
            "hint: --seeds K runs every setting under K seeds and compares their medians\n",
        ),
        (
            ["lr", "--save-best", "nowhere/best.yaml"],
            "error: --save-best: the directory nowhere does not exist\n"
            "hint: make the directory, or choose another one\n",
        ),
        (
            ["lr", "-j", "0"],
            "error: --jobs: must be ≥ 1, got 0\n",
        ),
        (
            ["lr", "--search", "bayes"],
            "error: --search: no search is called 'bayes'\nhint: choose from grid, random\n",
        ),
        (
            ["lr", "--metric", "acurcy"],
            "error: --metric: small has no metric 'acurcy'\n"
            "hint: did you mean accuracy or train_accuracy?\n",
        ),
        (
            ["batch_size=8,500"],
            "error: variant.batch_size: batch_size is 500, but there are 200 training examples\n"
            "hint: use at most 200, or variant: bgd to use every example in each step\n",
        ),
    ],
)
def test_a_mistake_in_full(sweep, tmp_path, words, text):
    answer = sweep(*words)
    assert (answer.code, answer.out, answer.err) == (2, "", text)
    assert not (tmp_path / "runs").exists()


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["model.loss=mse,mae", "model=linear", "dataset=diabetes"],
            "the losses are different quantities",
        ),
        (
            ["dataset.noise=0,1", "model=linear", "dataset=linear"],
            "the datasets or surfaces differ",
        ),
    ],
)
def test_values_that_cannot_be_compared_are_not_passed_over(gdrun, tmp_path, words, said):
    words = (*words, "lr=0.01", "epochs=1", "schedule=constant", "--seeds", "1")
    answer = gdrun("sweep", *words, "-o", str(tmp_path))
    assert answer.code == 0
    assert f"{said}, so the values cannot be ranked" in " ".join(answer.out.split())


def test_models_of_unlike_losses_are_ranked_by_accuracy(gdrun, tmp_path):
    words = ("model=softmax,svm", "epochs=1", "--seeds", "1", "--json", "-o", str(tmp_path))
    document = json.loads(gdrun("sweep", *words).out)
    assert (document["metric"], document["unlike"]) == ("validation_accuracy", None)


@pytest.mark.longer
def test_a_config_among_the_keys_is_that_of_the_study(gdrun, config, tmp_path, monkeypatch):
    plan = ("lr=0.1,1", "--seeds", "2", "--json", "-o", str(tmp_path / "runs"))
    one, other = (gdrun("sweep", *words, *plan) for words in ((config,), ("-c", config)))
    assert (one.code, one.err) == (0, "")
    first, second = (json.loads(each.out) for each in (one, other))
    assert first["base"] == second["base"]
    assert first["candidates"] == second["candidates"]
    twice = gdrun("sweep", config, "lr", "-c", config)
    assert twice.err.startswith(f"error: {config}: is a second file; the first is {config}\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").touch()
    assert gdrun("sweep", "smal.yaml", "lr").err == (
        "error: smal.yaml: there is no such file\nhint: did you mean small.yaml?\n"
    )


@pytest.mark.longer
def test_a_sweep_that_diverged_leads_to_smaller_rates(gdrun, tmp_path, monkeypatch):
    """On least squares the limit of theory is where to look; elsewhere, below what was tried."""
    monkeypatch.chdir(tmp_path)
    Path("line.yaml").write_text(to_yaml(LEAST_SQUARES), encoding="utf-8")
    words = ["sweep", "lr=1e5,1e6", "-c", "line.yaml", "epochs=50", "--seeds", "1"]
    answer = gdrun(*words)
    assert answer.code == 3
    text = " ".join(answer.out.split())
    predicted = float(re.search(r"2/L = ([\d.]+) is the limit in theory", text)[1])
    (command,) = re.findall(r"to try smaller rates:\n  gdrun (.*)", answer.out)
    assert f"lr=log:{predicted / 1000:.4g}:{predicted:.4g}:7" in command
    following = gdrun(*shlex.split(command))
    assert following.code == 0
    assert re.search(r"^best +lr=", following.out, re.MULTILINE)
    network = ["optimizer=adam", "model=mlp", "clip.norm=1e300"]
    tried = gdrun(*words[:1], "lr=1e250,1e251", *words[2:], *network).out
    assert "every run diverged; try smaller rates: lr=log:3.162e+246:3.162e+249:7" in tried


@pytest.mark.longer
def test_seeds_that_change_nothing_are_said_once(gdrun, tmp_path):
    words = ("dataset=iris", "model=softmax", "epochs=3", "engine=numpy", "--seeds", "3")
    words = (*words, "-o", str(tmp_path))
    answer = gdrun("sweep", "lr=0.1,0.2", *words, "variant=bgd")
    assert re.search(
        r"best +lr=0.2: val loss [\d.]+\nno features.+\nseeds +one: nothing", answer.out
    )
    assert re.search(r"^work +2 runs in", answer.out, re.MULTILINE)
    # One batch of all rows in a random order is no different.
    answer = gdrun("sweep", "lr=0.1,0.2", *words, "batch_size=120")
    assert re.search(r"best +lr=0.2: val loss [\d.]+, the same for 3 seeds\n", answer.out)


@pytest.mark.parametrize("text", ["lr=1e-3..1", "lr=1e-3:1:9"])
def test_the_ends_of_a_range_alone_are_no_setting(sweep, text):
    answer = sweep(text)
    assert answer.code == 2
    assert "hint: write lr=log:1e-3:1:9 for 9 values" in answer.err


def test_in_a_random_search_the_range_of_the_hint_has_no_count(gdrun, tmp_path):
    words = ("optimizer=adam", "epochs=1", "--search", "random", "--trials", "2", "--seeds", "1")
    answer = gdrun("sweep", "beta1=0.5:0.99", *words)
    hint = re.search(r"^hint: write (beta1=lin:0.5:0.99)$", answer.err, re.MULTILINE)
    assert gdrun("sweep", hint[1], *words, "--out", str(tmp_path)).code == 0
