"""One step of batch gradient descent for least squares on a table that DuckDB reads.

python table_duckdb.py FILE
"""

import sys

import duckdb
import numpy as np

RATE = 0.1

columns = duckdb.sql(f"SELECT * FROM '{sys.argv[1]}'").fetchnumpy()
y = columns.pop("target")
X = np.column_stack(list(columns.values()))
X -= X.mean(axis=0)
X /= X.std(axis=0)

# From weights of 0; the columns of X have mean 0.
w, b = RATE * 2 * (y @ X) / len(y), RATE * 2 * y.mean()
loss = np.mean((X @ w + b - y) ** 2)
print(f"1 step: loss {loss:.6f}")
