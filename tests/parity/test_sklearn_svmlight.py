"""svmlight files that scikit-learn writes are read as scikit-learn reads them."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from gdrun.data import load_table


@pytest.mark.parametrize("zero_based", [True, False])
@pytest.mark.parametrize("comment", [None, "two\nlines"])
def test_what_scikit_learn_writes_comes_back_bit_for_bit(tmp_path, zero_based, comment):
    rng = np.random.default_rng(0)
    # Numbers of all sizes, of which two thirds are 0; no column is 0 throughout.
    values = rng.standard_normal((200, 9)) * 10.0 ** rng.integers(-300, 300, (200, 9))
    values[rng.random((200, 9)) < 0.66] = 0
    values[0] = 1 / 3
    y = rng.standard_normal(200)
    path = tmp_path / "a.svm"
    dump_svmlight_file(values, y, str(path), zero_based=zero_based, comment=comment)
    table = load_table({"path": str(path)})
    again, y_again = load_svmlight_file(str(path))
    assert_array_equal(table.X, again.toarray())
    assert_array_equal(table.y, y_again)
    # scikit-learn writes 16 digits, which is one too few for some numbers.
    np.testing.assert_allclose(table.X, values, rtol=2e-16 * 10)
    first = 0 if zero_based else 1
    assert table.feature_names == tuple(f"x{at}" for at in range(first, first + 9))
