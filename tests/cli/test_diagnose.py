"""`gdrun diagnose`: symptoms, remedies and what was tried, as text and as JSON."""

import json

import pytest

from gdrun.symptoms.registry import SYMPTOMS


@pytest.fixture
def here(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return gdrun


FAST = ("dataset=diabetes", "model=linear", "variant=bgd", "optimizer=vanilla", "lr=100")
GOOD = ("dataset=iris", "model=softmax", "variant=bgd", "optimizer=vanilla", "lr=0.1")


def test_a_healthy_run_has_a_clean_bill(here):
    assert here("train", *GOOD, "epochs=60").code == 0
    assert here("diagnose").out == "no symptom\n"
    document = json.loads(here("diagnose", "--json").out)
    assert document == {"symptoms": [], "tried": []}
    assert here("diagnose", "--try").out == "no symptom\n"


def test_a_diverged_run_is_diagnosed_and_its_remedies_are_tried(here):
    assert here("train", *FAST, "epochs=60").code == 3
    shown = here("diagnose")
    assert (shown.code, shown.out.splitlines()[0]) == (0, "exploding (confidence 1.00)")
    assert "to try: optimizer.lr=10:" in shown.out
    assert shown.out.endswith("None of these changes was run: add --try to train with each.\n")
    screen = here("diagnose", "--try").out
    assert "None of these" not in screen
    document = json.loads(here("diagnose", "--try", "--json").out)
    assert document["symptoms"][0]["name"] == "exploding"
    cured = {key for each in document["tried"] if each["cured"] for key in each["changes"].items()}
    # 2/L is between 0.1 and 1 here, so that the rates 10 and 1 are unstable.
    assert ("optimizer.lr", 0.1) in cured
    assert not cured & {("optimizer.lr", 10.0), ("optimizer.lr", 1.0)}
    ((key, value),) = document["tried"][0]["changes"].items()
    assert screen.splitlines()[-1] == f"keep {key}={value:g}"
    assert {each["before"] for each in document["tried"]} == {None}


def test_the_best_cure_is_saved_as_a_config(here, tmp_path):
    """The saved config trains to the loss in the table, and its run has no symptom."""
    assert here("train", *GOOD[:-1], "lr=1e-4", "epochs=60").code == 0
    answer = here("diagnose", "--save", "cured.yaml")
    tried = json.loads(here("diagnose", "--try", "--json").out)["tried"]
    best = next(each for each in tried if each["cured"])
    assert (best["gone"], best["symptoms"]) == (True, [])
    *_, keep, _, wrote, _, command = answer.out.splitlines()
    assert keep == f"keep {' '.join(f'{k}={v:g}' for k, v in best['changes'].items())}"
    assert (wrote, command.split()) == ("wrote cured.yaml", ["gdrun", "train", "cured.yaml"])
    words = command.split()[1:]
    summary = json.loads(here(*words, "--json").out)["summary"]
    assert summary["validation_loss"] == pytest.approx(best["after"])
    assert here("diagnose").out == "no symptom\n"
    again = here("diagnose", "--save", "cured.yaml")
    assert (again.code, again.out) == (2, "")
    assert "the file exists already" in again.err
    nothing = here("diagnose", "--save", "healthy.yaml")
    assert nothing.code == 2
    assert "healthy.yaml: the run has no symptom" in nothing.err
    assert not (tmp_path / "healthy.yaml").exists()


def test_pairs_of_remedies_are_tried(here):
    """A rate and a budget, each too small: two remedies together go further than either."""
    assert here("train", *GOOD[:-1], "lr=1e-4", "epochs=10").code == 0
    tried = json.loads(here("diagnose", "--try", "--json").out)["tried"]
    after = {tuple(each["changes"].items()): each["after"] for each in tried}
    pairs = {changes: after[changes] for changes in after if len(changes) == 2}
    for one in [("optimizer.lr", 1.32), ("stopping.epochs", 40)]:
        assert after[(one,)] > pairs[(("optimizer.lr", 1.32), ("stopping.epochs", 40))]


def test_a_narrow_terminal_keeps_the_changes_and_the_verdicts(here, monkeypatch):
    assert here("train", *GOOD[:-1], "lr=1e-4", "epochs=10").code == 0
    monkeypatch.setenv("COLUMNS", "40")
    lines = [line.split() for line in here("diagnose", "--try").out.splitlines()]
    assert ["change", "cured"] in lines
    assert ["optimizer.lr=0.692", "no"] in lines


def test_a_study_is_refused(here, tmp_path):
    assert here("sweep", "lr=0.1,0.2", *GOOD[:-1], "epochs=2").code == 0
    (study,) = (tmp_path / "runs").iterdir()
    answer = here("diagnose", str(study))
    assert answer.code == 2
    assert "it is the directory of a sweep or comparison" in " ".join(answer.err.split())


def test_an_unknown_run_is_refused(here):
    answer = here("diagnose", "nothing")
    assert (answer.code, answer.out) == (2, "")
    assert "no run is called" in answer.err


def test_a_surface_is_diagnosed(here):
    """A rate of 1 is above 2/L of the Rosenbrock function at its usual start, so it diverges."""
    assert here("train", "surface=rosenbrock", "optimizer=vanilla", "lr=1").code == 3
    assert here("diagnose").out.startswith("exploding")
    assert here("diagnose", "--try").code == 0


def test_a_config_mutes_symptoms(here):
    """The rate is 1000 times too small, so that the loss falls little."""
    slow = ("train", *GOOD[:-1], "lr=1e-4", "epochs=60")
    mute = "diagnose.mute=[slow convergence, still falling]"
    assert "symptom: slow convergence" in here(*slow).out
    assert "symptom: slow" not in here(*slow, mute).out
    assert here("diagnose").out == "no symptom\n"
    wrong = here(*slow, "diagnose.mute=[slow]")
    assert wrong.code == 2
    assert "hint: did you mean slow convergence?" in wrong.err


def test_the_list_of_symptoms_has_their_meaning_evidence_and_source(here):
    (listed,) = json.loads(here("list", "symptoms", "--json").out).values()
    assert [each["name"] for each in listed] == list(SYMPTOMS)
    assert all(each["summary"] and each["evidence"] and each["source"] for each in listed)


def test_the_table_of_a_sweep_has_the_symptoms_and_a_narrow_one_drops_them_first(here, monkeypatch):
    words = ("sweep", "lr=1e-4,0.5", *GOOD[:-1], "epochs=60", "--seeds", "1")
    tables = {}
    for width in ("100", "60"):
        monkeypatch.setenv("COLUMNS", width)
        tables[width] = [line.split() for line in here(*words).out.splitlines()]
    assert tables["100"][0] == ["lr", "verdict", "val", "loss", "to", "target", "symptom", "curve"]
    assert "slow convergence" in " ".join(tables["100"][1])
    assert tables["60"][0] == ["lr", "verdict", "val", "loss", "to", "target", "curve"]
    rows = json.loads(here(*words, "--json").out)["ranking"]
    by_name = {row["name"]: row["symptom"] for row in rows}
    assert by_name == {"lr=0.0001": "slow convergence", "lr=0.5": None}
