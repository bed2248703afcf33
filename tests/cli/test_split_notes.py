"""Studies say which seeds share a split of the data, and what the seeds vary."""


def notes(command, *words, gdrun, tmp_path):
    answer = gdrun(command, *words, "--seeds", "2", "epochs=1", "-o", str(tmp_path))
    assert answer.code == 0, answer.err
    return " ".join(answer.out.split())


def test_studies_say_what_their_seeds_vary(gdrun, tmp_path):
    iris = ("dataset=iris", "model=softmax")
    one = notes("compare", "bgd", "mbgd", *iris, gdrun=gdrun, tmp_path=tmp_path)
    assert (
        "one split for all seeds: dataset.seed 0; p and intervals cover only the order of the "
        "examples; dataset.seed=run draws a new split for each seed"
    ) in one
    own = notes("sweep", "lr=0.1,1", *iris, "dataset.seed=run", gdrun=gdrun, tmp_path=tmp_path)
    assert "a new split for each seed (dataset.seed=run), the same for all settings" in own
    assert "one split" not in own
    words = ("sweep", "lr=0.1,1", "dataset=iris", "model=mlp", "dataset.seed=3")
    assert (
        "dataset.seed 3; ranges and intervals cover only the order of the examples and the "
        "initial weights" in notes(*words, gdrun=gdrun, tmp_path=tmp_path)
    )
    surface = notes("sweep", "lr=0.1,0.2", "surface=bowl", gdrun=gdrun, tmp_path=tmp_path)
    assert "split" not in surface


def test_full_batches_from_zero_weights_vary_with_the_split_only(gdrun, tmp_path):
    words = ("lr=0.1,1", "dataset=iris", "model=softmax", "variant=bgd")
    assert "every seed gives the same run" in notes("sweep", *words, gdrun=gdrun, tmp_path=tmp_path)
    own = notes("sweep", *words, "dataset.seed=run", gdrun=gdrun, tmp_path=tmp_path)
    assert "every seed gives the same run" not in own


def test_runs_that_train_together_have_one_split(gdrun, tmp_path):
    words = ("dataset=iris", "model=softmax", "dataset.seed=run", "--seeds", "2")
    answer = gdrun("train", *words, "-o", str(tmp_path))
    assert answer.code == 2
    assert "--seeds: the runs of --seeds train together on one split" in answer.err


def test_inspect_shows_the_data_of_the_default_seed(gdrun):
    own = gdrun("inspect", "blobs", "seed=run", "--json")
    assert (own.code, own.out) == (0, gdrun("inspect", "blobs", "--json").out)


def test_the_command_after_inspect_sets_the_seed_of_the_data(gdrun):
    out = gdrun("inspect", "blobs", "seed=run").out
    assert out.endswith("gdrun train dataset=blobs dataset.seed=run model=softmax\n")
