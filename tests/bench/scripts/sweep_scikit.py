"""Which learning rate? Logistic regression by SGD on the breast cancer data, in scikit-learn.

Every rate is tried with three seeds, and ranked by the median of the validation loss.

python sweep_scikit.py RATES EPOCHS
"""

import sys
from statistics import median

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

rates, epochs = np.geomspace(1e-4, 1.0, int(sys.argv[1])), int(sys.argv[2])

X, y = load_breast_cancer(return_X_y=True)
X, X_validation, y, y_validation = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
scaler = StandardScaler().fit(X)
X, X_validation = scaler.transform(X), scaler.transform(X_validation)

table = []
for rate in rates:
    found = []
    for seed in range(3):
        model = SGDClassifier(
            loss="log_loss",
            penalty=None,
            learning_rate="constant",
            eta0=rate,
            max_iter=epochs,
            tol=None,
            random_state=seed,
        )
        model.fit(X, y)
        found.append(
            (
                log_loss(y_validation, model.predict_proba(X_validation)),
                log_loss(y, model.predict_proba(X)),
            )
        )
    table.append((*map(median, zip(*found, strict=True)), rate))

for validation, train, rate in sorted(table):
    print(f"rate {rate:.3g}: validation loss {validation:.4f}, training loss {train:.4f}")
print(f"loss {min(train for _, train, _ in table):.6f}")
