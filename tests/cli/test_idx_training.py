"""MNIST's files from a config, on the command line: a small pair of them, plain and gzipped."""

import gzip
import json
import struct

import numpy as np
import pytest

CONFIG = """\
dtype: float32
dataset:
  path: train-images-idx3-ubyte{packed}
  targets: train-labels-idx1-ubyte{packed}
model: {{name: mlp, hidden: [16]}}
variant: {{name: mbgd, batch_size: 32}}
optimizer: {{name: adam, lr: 0.01}}
stopping: {{epochs: 5}}
"""


def pair():
    """The bytes of two IDX files: 200 images of 8 × 7 pixels, and their four labels.

    The images of each label have a bright patch at another place. The format: two zeros, the type
    0x08 (byte), the number of dimensions, the size of each, and the values row by row.
    """
    random = np.random.default_rng(0)
    y = np.arange(200) % 4
    X = random.integers(0, 100, (200, 8, 7))
    for row, label in enumerate(y):
        X[row, 2 * label : 2 * label + 2] += 100
    images = bytes([0, 0, 8, 3]) + struct.pack(">3I", *X.shape) + bytes(X.ravel().tolist())
    return images, bytes([0, 0, 8, 1]) + struct.pack(">I", len(y)) + bytes(y.tolist())


@pytest.mark.longer
@pytest.mark.parametrize("packed", ["", ".gz"])
def test_mnist_trains_from_a_config(gdrun, tmp_path, monkeypatch, packed):
    monkeypatch.chdir(tmp_path)
    for name, data in zip(("train-images-idx3", "train-labels-idx1"), pair(), strict=True):
        file = tmp_path / f"{name}-ubyte{packed}"
        file.write_bytes(gzip.compress(data) if packed else data)
    (tmp_path / "mnist.yaml").write_text(CONFIG.format(packed=packed))
    answer = gdrun("train", "mnist.yaml", "--json")
    assert (answer.code, answer.err) == (0, "")
    document = json.loads(answer.out)
    assert (document["data"]["features"], len(document["data"]["classes"])) == (56, 4)
    # Patches of 14 pixels 100 above noise with a deviation of 29: no two labels can be confused.
    assert document["summary"]["test_accuracy"] == 1.0
    assert gdrun("gradcheck", "mnist.yaml").code == 0
