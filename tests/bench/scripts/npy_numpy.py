"""Least squares by batch gradient descent on two NPY files, in NumPy.

The Gram matrix is formed once, by hand; after that a step and its loss take no pass over the data.

python npy_numpy.py FEATURES TARGETS STEPS
"""

import sys

import numpy as np

features, targets, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
RATE = 0.1

X, y = np.load(features), np.load(targets)
X -= X.mean(axis=0)
X /= X.std(axis=0)

# The columns of X have mean 0, so the intercept is the mean of y, and moves alone.
rows, columns = X.shape
gram, moment, square = X.T @ X / rows, X.T @ y / rows, y @ y / rows
mean = y.mean()

w, b = np.zeros(columns), 0.0
losses = []
for _ in range(steps):
    product = gram @ w
    losses.append(w @ product - 2 * moment @ w + square - 2 * b * mean + b * b)
    w -= RATE * 2 * (product - moment)
    b -= RATE * 2 * (b - mean)
loss = w @ gram @ w - 2 * moment @ w + square - 2 * b * mean + b * b
print(f"{steps} steps: loss {loss:.6f}")
