"""The names of PyTorch, optax and Keras, and the keys of gdrun that a hint names for them."""

import math

import pytest

from gdrun.config.key_paths import known_paths
from gdrun.config.loading import load
from gdrun.config.names_elsewhere import KEYS_WITH, OPTIONS_NOT_NAMES
from gdrun.config.sections import SECTIONS
from gdrun.errors import ConfigError


def hint_for(*overrides):
    with pytest.raises(ConfigError) as caught:
        load(None, overrides)
    (problem,) = caught.value.problems
    return problem.hint


CONDITIONAL = [
    (section, choice, name, key)
    for section, by_choice in KEYS_WITH.items()
    for choice, names in by_choice.items()
    for name, key in names.items()
]


@pytest.mark.parametrize(("section", "choice", "name", "key"), CONDITIONAL)
def test_the_key_of_a_name_exists_where_it_is_named(section, choice, name, key):
    plain = load(None, [f"{section}={choice}"]).plain()
    assert tuple(key.split(".")) in set(known_paths(plain))
    # The name may also be a key of gdrun, such as stopping.divergence.factor.
    hints = (f"the name in gdrun is {key}", f"write {key}=1, or the whole path ")
    assert hint_for(f"{section}={choice}", f"{name}=1").startswith(hints)


def test_a_name_has_its_usual_meaning_without_such_a_schedule():
    assert hint_for("step_size=10") == "the name in gdrun is optimizer.lr"
    assert hint_for("schedule=step", "step_size=10") == "the name in gdrun is schedule.drop_every"
    data = {"dataset": "iris", "model": "softmax", "schedule": {"name": "step", "step_size": 10}}
    with pytest.raises(ConfigError, match="the name in gdrun is drop_every"):
        load(data)


@pytest.mark.parametrize("schedule", ["step", "multistep"])
def test_the_factor_of_a_drop_is_not_taken_for_the_limit_of_divergence(schedule):
    chosen = f"schedule={schedule}"
    with pytest.raises(ConfigError) as caught:
        load(None, [chosen, "factor=0.1"])
    assert str(caught.value) == (
        "error: 'factor=0.1': factor is stopping.divergence.factor here; "
        f"the factor of schedule {schedule} is gamma\n"
        "hint: write schedule.gamma=0.1, or the whole path stopping.divergence.factor"
    )
    assert load(None, [chosen, "schedule.gamma=0.1"]).schedule["gamma"] == 0.1
    for words in ([chosen, "stopping.divergence.factor=1e6"], ["schedule=cosine", "factor=1e6"]):
        assert load(None, words).stopping.divergence.factor == 1e6


@pytest.mark.parametrize("factor", ["1", "0.1", "-2"])
def test_a_limit_of_divergence_at_the_initial_loss_is_refused(factor):
    """With a factor of 1 the smallest rise of the loss would be a divergence."""
    with pytest.raises(ConfigError, match=f"factor: must be > 1, got {factor}\n"):
        load(None, [f"stopping.divergence.factor={factor}"])


def test_the_factor_of_pytorchs_exponential_schedule_is_converted():
    hint = hint_for("schedule=exponential", "gamma=0.9")
    decay = float(hint.partition("decay=")[2].partition(" ")[0])
    assert math.exp(-decay) == pytest.approx(0.9, abs=1e-3)


def test_a_name_without_a_key_has_another_way():
    assert "set epochs=50" in hint_for("schedule=cosine", "T_max=10")
    assert hint_for("nesterov=true") == "write optimizer=nesterov"


@pytest.mark.parametrize(
    ("words", "key"),
    [
        # Kingma & Ba 2014 call the rate α, the decays β₁ and β₂, and the constant ε.
        ("optimizer=adam α=0.1", "optimizer.lr"),
        ("optimizer=adam alpha=0.1", "optimizer.lr"),
        ("optimizer=adam β₁=0.9", "optimizer.beta1"),
        ("optimizer=adam ε=1e-8", "optimizer.eps"),
        # Ruder 2016 calls the rate η and the momentum γ; Sutskever et al. 2013 call the latter μ.
        ("optimizer=momentum η=0.1", "optimizer.lr"),
        ("optimizer=momentum γ=0.9", "optimizer.beta"),
        ("optimizer=nesterov mu=0.9", "optimizer.beta"),
        # Tieleman & Hinton 2012 as in Goodfellow et al. 2016; Zeiler 2012.
        ("optimizer=rmsprop rho=0.9", "optimizer.beta"),
        ("optimizer=adadelta ρ=0.9", "optimizer.rho"),
        ("model=linear λ=0.1", "model.l2"),
    ],
)
def test_the_symbols_of_papers_name_the_keys(words, key):
    assert hint_for(*words.split()).endswith(key)


def test_the_threshold_of_predictions_belongs_to_the_commands_that_predict():
    with pytest.raises(ConfigError, match="`threshold` of predict and evaluate") as caught:
        load({"dataset": "iris", "model": "softmax"}, ["threshold=0.2"])
    assert "optimizer radam" in str(caught.value)


def test_a_misspelt_word_of_a_key_that_may_be_a_mapping_has_its_near_ones():
    data = {"dataset": {"path": "a.csv", "missing": "mediam"}, "model": "linear"}
    with pytest.raises(ConfigError, match="did you mean median"):
        load(data)


@pytest.mark.parametrize("part", OPTIONS_NOT_NAMES)
def test_an_option_that_is_taken_for_a_name_is_one_that_its_entry_has(part):
    option = OPTIONS_NOT_NAMES[part]
    loaded = load(None, [f"{option.section}={option.name}", option.setting])
    key, _, value = option.setting.partition("=")
    assert str(getattr(loaded, option.section)[key]).lower().startswith(value)
    assert option.hint in hint_for(f"{option.section}=my-{part}")
    # No entry has such a name, or the hint would hide it.
    assert not [name for kind in SECTIONS.values() for name in kind.registry if part in name]
