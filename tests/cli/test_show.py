"""`gdrun show`: it shows a run as when it ended, or prints it as JSON."""

import json

import pytest

WORDS = ("dataset=iris", "model=softmax", "schedule=constant", "epochs=3", "name=flowers")


@pytest.fixture
def here(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return gdrun


def only(path):
    (found,) = (path / "runs").iterdir()
    return found.name


def test_it_shows_what_train_showed(here, tmp_path):
    trained = here("train", *WORDS, "clip.norm=0.5", "stopping.watch=[target_accuracy]")
    shown = here("show")
    assert (shown.code, shown.err) == (0, "")
    name = only(tmp_path)
    assert shown.out == trained.out.replace("written to runs/", "from runs/")
    for word in ("last", name, name[-4:], "flowers", f"runs/{name}"):
        assert here("show", word).out == shown.out


def test_a_diverged_run(here):
    words = ("dataset=diabetes", "model=linear", "variant=bgd", "lr=1e200", "schedule=constant")
    trained = here("train", *words)
    assert trained.code == 3
    assert here("show").out == trained.out.replace("written to runs/", "from runs/")


def layers(text):
    """The table of layers in a screen: its lines, single-spaced."""
    lines = text.splitlines()
    (start,) = (at for at, line in enumerate(lines) if line.split()[:1] == ["layer"])
    return [" ".join(line.split()) for line in lines[start : lines.index("", start)]]


def test_a_network_shows_its_layers(here):
    # From zeros every score is 0, so that no gradient reaches a weight, and ReLU is flat at 0.
    model = "model={name: mlp, hidden: [4], init: zeros}"
    trained = here("train", "dataset=iris", model, "epochs=1")
    assert here("show").out == trained.out.replace("written to runs/", "from runs/")
    assert layers(trained.out) == [
        "layer grad norm at epoch 0 at epoch 1 update/weight dead saturated",
        "layer1 0 0 0 100.0 % 0.0 %",
        "layer2 0 0 0 – –",
    ]
    assert "layer1" not in here("train", "dataset=iris", model, "epochs=1", "-q").out


def test_gradients_are_seen_to_vanish(here):
    model = "model={name: mlp, hidden: [9,9,9,9,9,9,9,9,9,9], activation: %s, init: %s}"
    norms = {}
    for activation, init in (("sigmoid", "normal"), ("relu", "he")):
        screen = here("train", "dataset=iris", model % (activation, init), "epochs=1").out
        norms[activation] = [float(row.split()[1]) for row in layers(screen)[1:]]
    assert len(norms["sigmoid"]) == len(norms["relu"]) == 11
    # A layer passes on at most ¼ ‖w‖ of what reaches it. ‖w‖² is a sum of 81 squares with mean
    # 1e-4, so that ‖w‖ ≈ 0.01 · 9, and its largest singular value is smaller: a factor of 44.
    for nearer, farther in zip(norms["sigmoid"][2:10], norms["sigmoid"][1:9], strict=True):
        assert farther < nearer / 44
    assert norms["relu"][0] > 0.01 * norms["relu"][-1]


def test_as_a_document(here, tmp_path):
    here("train", *WORDS)
    document = json.loads(here("show", "--json").out)
    path = tmp_path / "runs" / only(tmp_path)
    assert document.pop("directory") == f"runs/{path.name}"
    assert document == json.loads((path / "run.json").read_text())


def test_a_run_that_is_still_going(here, tmp_path):
    here("train", *WORDS)
    path = tmp_path / "runs" / only(tmp_path)
    record = json.loads((path / "run.json").read_text())
    changes = {"status": "running", "stop": None, "summary": None}
    process = {"process": {"pid": 1, "host": "elsewhere"}}
    (path / "run.json").write_text(json.dumps(record | changes | process))
    (path / "weights.npz").unlink()
    answer = here("show")
    assert (answer.code, answer.err) == (0, "")
    assert "\nstill running\n" in answer.out
    # Not even a line of its trace.
    (path / "trace.jsonl").unlink()
    answer = here("show")
    assert (answer.code, answer.err) == (0, "")


def test_last_is_the_one_that_was_written_last(here):
    for seed in range(4):
        here("train", *WORDS, "-q", "--seed", str(seed))
    assert json.loads(here("show", "last", "--json").out)["seed"] == 3


def test_a_word_that_finds_none(here):
    answer = here("show", "roses")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: runs: no run is called 'roses'\n"
        "hint: `gdrun train` makes a run; --out is the directory that holds the runs\n"
    )


def test_a_damaged_run_says_where(here, tmp_path):
    here("train", *WORDS)
    name = only(tmp_path)
    (tmp_path / "runs" / name / "config.yaml").write_text("a: [1")
    answer = here("show")
    assert answer.code == 2
    assert answer.err.startswith(f"error: runs/{name}/config.yaml:1:")
