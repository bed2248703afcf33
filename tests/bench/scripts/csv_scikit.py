"""Logistic regression on a CSV file: pandas reads it, scikit-learn's SGDClassifier trains.

python csv_scikit.py FILE EPOCHS
"""

import sys

import pandas as pd
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

path, epochs = sys.argv[1], int(sys.argv[2])

table = pd.read_csv(path)
y = table.pop("target").to_numpy()
X = StandardScaler().fit_transform(table.to_numpy())

model = SGDClassifier(loss="log_loss", penalty=None, learning_rate="constant", eta0=0.001)
for epoch in range(1, epochs + 1):
    model.partial_fit(X, y, classes=[0, 1])
    loss = log_loss(y, model.predict_proba(X))
    print(f"epoch {epoch}: loss {loss:.6f}")
