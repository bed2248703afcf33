"""Logistic regression with Adam on a CSV file: pandas reads it, PyTorch trains.

Batches are shuffled indices, since a DataLoader takes longer.

python csv_torch.py FILE EPOCHS
"""

import sys

import pandas as pd
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

path, epochs = sys.argv[1], int(sys.argv[2])
BATCH = 64

table = pd.read_csv(path)
y = torch.tensor(table.pop("target").to_numpy(), dtype=torch.float32)
X = torch.tensor(table.to_numpy(), dtype=torch.float32)
X = (X - X.mean(dim=0)) / X.std(dim=0, correction=0)

model = torch.nn.Linear(X.shape[1], 1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
for epoch in range(1, epochs + 1):
    for batch in torch.randperm(len(X)).split(BATCH):
        optimizer.zero_grad()
        binary_cross_entropy_with_logits(model(X[batch]).squeeze(1), y[batch]).backward()
        optimizer.step()
    with torch.no_grad():
        loss = binary_cross_entropy_with_logits(model(X).squeeze(1), y)
    print(f"epoch {epoch}: loss {loss:.6f}")
