"""A network 784-128-10 with Adam on an NPZ file of images, in PyTorch.

Batches are shuffled indices, since a DataLoader takes longer.

python mnist_torch.py FILE EPOCHS
"""

import sys

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

path, epochs = sys.argv[1], int(sys.argv[2])
BATCH, HIDDEN, CLASSES = 64, 128, 10

with np.load(path) as arrays:
    X, y = torch.from_numpy(arrays["X"]).float(), torch.from_numpy(arrays["y"]).long()
spread = X.std(dim=0, correction=0)
X = (X - X.mean(dim=0)) / torch.where(spread > 0, spread, 1.0)

model = nn.Sequential(nn.Linear(X.shape[1], HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES))
for layer in (model[0], model[2]):
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
for epoch in range(1, epochs + 1):
    for batch in torch.randperm(len(X)).split(BATCH):
        optimizer.zero_grad()
        cross_entropy(model(X[batch]), y[batch]).backward()
        optimizer.step()
    with torch.no_grad():
        loss = cross_entropy(model(X), y)
    print(f"epoch {epoch}: loss {loss:.6f}")
