"""`gdrun plot RUN RUN`: which runs share a picture."""

import pytest

import gdrun as package


@pytest.mark.longer
def test_two_models_of_the_same_classes_share_a_picture(gdrun, tmp_path):
    """The losses logistic and cross_entropy are both the mean of −log p."""
    models = ["logistic", "mlp", "svm"]
    paths = {
        each: str(
            package.train(
                {"dataset": "breast-cancer", "model": each}, "epochs=2", "lr=0.01", out=tmp_path
            ).directory
        )
        for each in models
    }
    both = [paths["logistic"], paths["mlp"]]
    assert gdrun("plot", *both).code == 0
    answer = gdrun("plot", *both, paths["svm"])
    assert answer.code == 2
    assert "has the loss hinge, and" in " ".join(answer.err.split())
    assert "--y accuracy draws a metric that all have" in " ".join(answer.err.split())
    assert gdrun("plot", *both, paths["svm"], "--y", "accuracy").code == 0
