"""`gdrun diagnose`: symptoms, remedies and what was tried, as text and as JSON."""

import json
import re
import shlex
import signal

import pytest

from gdrun.runs.signals import Interruption
from gdrun.symptoms.registry import SYMPTOMS

FAST = ("dataset=diabetes", "model=linear", "variant=bgd", "optimizer=vanilla", "lr=100")
GOOD = ("dataset=iris", "model=softmax", "variant=bgd", "optimizer=vanilla", "lr=0.1")


@pytest.mark.longer
def test_a_healthy_run_has_a_clean_bill(here):
    assert here("train", *GOOD, "epochs=60").code == 0
    assert here("diagnose").page == "no symptom\n"
    document = json.loads(here("diagnose", "--json").out)
    assert document == {"symptoms": [], "tried": []}
    assert here("diagnose", "--try").page == "no symptom\n"


@pytest.mark.longer
def test_a_diverged_run_is_diagnosed_and_its_remedies_are_tried(here):
    assert here("train", *FAST, "epochs=60").code == 3
    shown = here("diagnose")
    assert (shown.code, shown.out.splitlines()[0]) == (0, "exploding (confidence 1.00)")
    assert "to try: optimizer.lr=0.124 or optimizer.lr=0.0124 or" in " ".join(shown.out.split())
    assert "\nnone of these changes was tried\nto train with each:\n  gdrun diagnose " in shown.out
    screen = here("diagnose", "--try").out
    assert "none of these" not in screen
    document = json.loads(here("diagnose", "--try", "--json").out)
    assert document["symptoms"][0]["name"] == "exploding"
    cured = {key for each in document["tried"] if each["cured"] for key in each["changes"].items()}
    # 2/L is about 0.248 here; with 1/200 of it, the run is slow.
    assert ("optimizer.lr", 0.124) in cured
    assert ("optimizer.lr", 0.00124) not in cured
    ((key, value),) = document["tried"][0]["changes"].items()
    *_, keep, _, _, command = screen.splitlines()
    assert keep == f"keep {key}={value:g}"
    assert here(*shlex.split(command)[1:]).code == 0
    assert here("diagnose").page == "no symptom\n"
    assert {each["before"] for each in document["tried"]} == {None}


@pytest.mark.longer
def test_the_best_cure_is_saved_as_a_config(here, tmp_path):
    """The saved config trains to the loss in the table, and its run has no symptom."""
    assert here("train", *GOOD[:-1], "lr=1e-4", "epochs=25").code == 0
    answer = here("diagnose", "--save", "cured.yaml")
    tried = json.loads(here("diagnose", "--try", "--json").out)["tried"]
    best = next(each for each in tried if each["cured"])
    *_, keep, _, wrote, _, command = answer.out.splitlines()
    assert keep == f"keep {' '.join(f'{k}={v:g}' for k, v in best['changes'].items())}"
    assert (wrote, command.split()) == ("wrote cured.yaml", ["gdrun", "train", "cured.yaml"])
    words = command.split()[1:]
    summary = json.loads(here(*words, "--json").out)["summary"]
    assert summary["validation_loss"] == pytest.approx(best["after"])
    assert here("diagnose").page == "no symptom\n"
    again = here("diagnose", "--save", "cured.yaml")
    assert (again.code, again.out) == (2, "")
    assert "the file exists already" in again.err
    nothing = here("diagnose", "--save", "healthy.yaml")
    assert nothing.code == 2
    assert "healthy.yaml: the run has no symptom" in nothing.err
    assert not (tmp_path / "healthy.yaml").exists()


@pytest.mark.longer
def test_pairs_of_remedies_are_tried(here):
    """A rate and a budget, each too small: two remedies together go further than either.

    The rate is 10 times 2/L = 1.385, where L is an upper bound of the curvature.
    """
    assert here("train", *GOOD[:-1], "lr=1e-4", "epochs=10").code == 0
    tried = json.loads(here("diagnose", "--try", "--json").out)["tried"]
    after = {tuple(each["changes"].items()): each["after"] for each in tried}
    pairs = {changes: after[changes] for changes in after if len(changes) == 2}
    for one in [("optimizer.lr", 13.8), ("stopping.epochs", 40)]:
        assert after[(one,)] > pairs[(("optimizer.lr", 13.8), ("stopping.epochs", 40))]


@pytest.mark.longer
def test_a_narrow_terminal_keeps_the_changes_and_the_verdicts(here, monkeypatch):
    assert here("train", *GOOD[:-1], "lr=1e-4", "epochs=10").code == 0
    monkeypatch.setenv("COLUMNS", "40")
    lines = [line.split() for line in here("diagnose", "--try").out.splitlines()]
    assert ["change", "cured"] in lines
    assert ["optimizer.lr=0.692", "no"] in lines
    # A change of two keys is joined by a sign.
    assert ["optimizer.lr=13.8", "+", "yes"] in lines or ["optimizer.lr=13.8", "+", "no"] in lines


@pytest.mark.longer
@pytest.mark.parametrize(
    "words",
    [
        ("dataset=digits", "model=mlp", "hidden=[32]", "optimizer=vanilla", "lr=50", "epochs=20"),
        ("surface=bowl", "optimizer=vanilla", "lr=1e-3", "steps=200"),
        (*GOOD[:-1], "lr=1e-4", "epochs=10"),
    ],
)
def test_the_rule_below_the_table_agrees_with_its_verdicts(here, words):
    assert here("train", *words).code in (0, 3)
    shown = " ".join(here("diagnose", "--try").out.split())
    rule = r'cured: (.+?) is gone(, with no symptom after "but")?, and \w+ loss ≤ ([^:, ]+)'
    treated, on_but, limit = re.search(rule, shown).groups()
    # The word is explained only where the table has it.
    assert bool(on_but) == ("gone, but " in shown)
    for each in json.loads(here("diagnose", "--try", "--json").out)["tried"]:
        # The limit is shown with 4 digits.
        assert not each["cured"] or each["after"] <= float(limit) * 1.001
    rows = re.findall(r"→ (\S+) gone(?:, with [a-z ]+?)? (yes|no)", shown)
    for after, cured in rows:
        assert (float(after) <= float(limit)) == (cured == "yes")
    assert rows
    assert shown.startswith(treated)


@pytest.mark.longer
def test_a_symptom_that_a_cure_may_leave_is_told_from_one_that_bars_it(here):
    """With lr = 0.01 the saddle's loss still falls after 120 epochs; with lr = 1 it explodes."""
    assert here("train", "surface=saddle", "lr=1e-3", "epochs=30").code == 0
    shown = here("diagnose", "--try").out
    assert "gone, with still falling" in shown
    assert "gone, but still falling" not in shown
    assert "no better: exploding" in shown
    note = (
        "note: a cure may leave still falling: the loss now falls, and more epochs lower it further"
    )
    assert note in " ".join(shown.split())
    # A run with no such remedy has no such note.
    assert here("train", *FAST, "epochs=60").code == 3
    assert "a cure may leave" not in here("diagnose", "--try").out


@pytest.mark.longer
def test_a_sweep_is_diagnosed_as_a_whole_and_run_by_run(here, tmp_path, monkeypatch):
    """Each rate is far below the limit of about 1.4, so that the largest is the best."""
    # With batches, so that the seeds differ.
    words = ("dataset=iris", "model=softmax", "variant=mbgd", "optimizer=vanilla")
    rates = ("lr=1e-4,2e-4,4e-4", "epochs=60", "--seeds", "2")
    assert here("sweep", *words, *rates).code == 0
    (study,) = (tmp_path / "runs").iterdir()
    shown = here("diagnose").out
    assert "edge (confidence 0.90)\n  the best optimizer.lr, 0.0004, is the largest" in shown
    assert "lr=0.0001  2 of 2  slow convergence" in shown
    # The next command works, and has the best rate of the sweep inside its range.
    *_, line = shown.splitlines()
    words = shlex.split(line)
    assert words[:3] == ["gdrun", "sweep", "optimizer.lr=log:0.0001:0.0016:5"]
    assert here(*words[1:], "--seeds", "1", "-q").code == 0
    document = json.loads(here("diagnose", str(study), "--json").out)
    assert [each["name"] for each in document["symptoms"]] == ["edge"]
    runs = [(each["name"], each["seed"]) for each in document["runs"]]
    assert runs == [(f"lr={rate}", seed) for rate in (0.0004, 0.0002, 0.0001) for seed in (0, 1)]
    firsts = [each["symptoms"][0]["name"] for each in document["runs"]]
    assert firsts == ["slow convergence"] * 6
    monkeypatch.setenv("COLUMNS", "50")
    assert "lr=0.0001  2 of 2  slow convergence\n" in here("diagnose", str(study)).out
    refused = here("diagnose", str(study), "--try")
    assert (refused.code, refused.out) == (2, "")
    hint = re.search(r"`gdrun (train .*)` trains the best setting as a run", refused.err)
    assert here(*shlex.split(hint[1])).code == 0


def test_a_comparison_is_diagnosed(here):
    words = ("bgd", "bgd+cosine", *GOOD[:-1], "lr=1e-4", "epochs=30", "--seeds", "1")
    assert here("compare", *words).code == 0
    document = json.loads(here("diagnose", "--json").out)
    assert document["symptoms"] == []
    found = {each["name"]: [s["name"] for s in each["symptoms"]] for each in document["runs"]}
    assert found["bgd"] == ["slow convergence"]


@pytest.mark.longer
def test_the_edge_of_tuned_contenders(here):
    tune = ("--tune", "lr=1e-4,2e-4,4e-4", "--seeds", "1")
    words = ("compare", "bgd", "bgd+cosine", *GOOD[:-1], "epochs=4", *tune)
    assert here(*words).code == 0
    assert "bgd: the best optimizer.lr, 0.0004, is the" in here("diagnose").out
    assert here(*words, "diagnose.mute=[edge]").code == 0
    assert json.loads(here("diagnose", "--json").out)["symptoms"] == []


@pytest.mark.longer
def test_the_document_has_these_keys(here):
    assert here("train", *GOOD[:-1], "lr=1e-3", "epochs=20").code == 0
    document = json.loads(here("diagnose", "--try", "--json").out)
    assert list(document) == ["symptoms", "tried"]
    for each in document["symptoms"]:
        assert list(each) == ["name", "confidence", "evidence", "remedies"]
        assert all(list(remedy) == ["changes", "why"] for remedy in each["remedies"])
    keys = ["changes", "metric", "before", "after", "cured"]
    assert document["tried"]
    assert all(list(each) == keys for each in document["tried"])
    # Nothing is recommended that was not run.
    tried = [each["changes"] for each in document["tried"]]
    assert all(r["changes"] in tried for each in document["symptoms"] for r in each["remedies"])


def test_an_unknown_run_is_refused(here):
    answer = here("diagnose", "nothing")
    assert (answer.code, answer.out) == (2, "")
    assert "no run or study is called" in answer.err


@pytest.mark.longer
def test_a_surface_is_diagnosed(here):
    """A rate of 1 is above 2/L of the Rosenbrock function at its usual start, so it diverges."""
    assert here("train", "surface=rosenbrock", "optimizer=vanilla", "lr=1").code == 3
    assert here("diagnose").out.startswith("exploding")
    assert here("diagnose", "--try").code == 0


@pytest.mark.longer
def test_a_config_mutes_symptoms(here):
    """The rate is 1000 times too small, so that the loss falls little."""
    slow = ("train", *GOOD[:-1], "lr=1e-4", "epochs=60")
    mute = "diagnose.mute=[slow convergence, still falling]"
    assert "symptom: slow convergence" in here(*slow).out
    assert "symptom: slow" not in here(*slow, mute).out
    assert here("diagnose").page == "no symptom\n"
    wrong = here(*slow, "diagnose.mute=[slow]")
    assert wrong.code == 2
    assert "hint: did you mean slow convergence?" in wrong.err


def test_the_list_of_symptoms_has_their_meaning_evidence_and_source(here):
    (listed,) = json.loads(here("list", "symptoms", "--json").out).values()
    assert [each["name"] for each in listed] == list(SYMPTOMS)
    assert all(each["summary"] and each["evidence"] and each["source"] for each in listed)


@pytest.mark.longer
def test_the_table_of_a_sweep_has_the_symptoms_and_a_narrow_one_drops_them_first(here, monkeypatch):
    words = ("sweep", "lr=1e-4,0.5", *GOOD[:-1], "epochs=60", "--seeds", "1")
    tables = {}
    for width in ("100", "60"):
        monkeypatch.setenv("COLUMNS", width)
        lines = [line.split() for line in here(*words).out.splitlines()]
        tables[width] = lines[lines.index([]) + 1 :]  # below what the settings have in common
    assert tables["100"][0] == ["lr", "verdict", "val", "loss", "to", "target", "symptom", "curve"]
    assert "slow convergence" in " ".join(tables["100"][1])
    assert tables["60"][0] == ["lr", "verdict", "val", "loss", "to", "target", "curve"]
    rows = json.loads(here(*words, "--json").out)["ranking"]
    by_name = {row["name"]: row["symptom"] for row in rows}
    assert by_name == {"lr=0.0001": "slow convergence", "lr=0.5": None}


@pytest.mark.longer
@pytest.mark.parametrize("verb", ["train", "sweep"])
def test_what_was_interrupted_is_refused_with_the_command_that_continues_it(
    here, monkeypatch, verb
):
    def interrupted(self):
        self.signal = signal.SIGINT

    rate = "lr=0.1" if verb == "train" else "lr=0.01,0.1"
    with monkeypatch.context() as patched:
        patched.setattr(Interruption, "__init__", interrupted)
        assert here(verb, *GOOD[:-1], rate, "epochs=60").code == 130
    answer = here("diagnose", "--try")
    assert (answer.code, answer.out) == (2, "")
    assert "ended" in answer.err
    command = re.search(r"hint: `gdrun (.*)` continues it", " ".join(answer.err.split()))[1]
    assert here(*shlex.split(command)).code == 0
    assert here("diagnose").code == 0


def test_a_run_that_still_runs_is_refused(here, tmp_path):
    assert here("train", *GOOD, "epochs=2").code == 0
    (record,) = tmp_path.glob("runs/*/run.json")
    document = json.loads(record.read_text()) | {"status": "running", "stop": None}
    record.write_text(json.dumps(document))
    answer = here("diagnose")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.endswith(
        "the run has not ended: still running\nhint: diagnose the run when it has ended\n"
    )


@pytest.mark.longer
def test_a_short_run_says_which_evaluations_are_missing(here):
    """The rules on curves need 6 evaluations, and these runs have 2 each."""
    assert here("train", "dataset=iris", "model=softmax", "epochs=3", "evaluate.every=3").code == 0
    shown = here("diagnose").page
    assert shown.startswith("no symptom\n\nnote: 2 evaluations are too few")
    (advice,) = re.findall(r"evaluate\.every=[\d.]+", shown)
    assert here("train", "dataset=iris", "model=softmax", "epochs=3", advice).code == 0
    assert "note:" not in here("diagnose").out
    assert here("train", *GOOD, "epochs=1").code == 0
    assert "a longer run has more" in " ".join(here("diagnose").out.split())


@pytest.mark.longer
def test_a_run_without_its_trace_is_refused(here, tmp_path):
    assert here("train", *GOOD, "epochs=2").code == 0
    (trace,) = tmp_path.glob("runs/*/trace.jsonl")
    trace.unlink()
    answer = here("diagnose")
    assert (answer.code, answer.out) == (2, "")
    (command,) = re.findall(r"hint: `gdrun (.*)` trains it again", answer.err)
    assert here(*shlex.split(command)).code == 0


@pytest.mark.longer
def test_the_wider_range_of_a_random_search_can_be_typed(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    base = ("surface=bowl", "optimizer=momentum", "epochs=none", "steps=9", "--seeds", "1")
    # With rates this small, more is better: the best draw is the largest one.
    search = ("--search", "random", "--trials", "12")
    gdrun("sweep", "lr=log:1e-5:1e-4", *search, *base, "-q")
    (command,) = re.findall(r"^  gdrun (sweep optimizer.lr=\S+ .*)$", gdrun("diagnose").out, re.M)
    assert command.startswith("sweep optimizer.lr=log:1e-05:0.001 ")
    assert command.endswith(" --search random")
    assert gdrun(*command.split(), "--print-trials").code == 0
