"""PyTorch in its usual form: eager, a loop over batches, with its fused Adam."""

from __future__ import annotations

from importlib.util import find_spec

from bench.linear import Linear
from bench.measure import seconds_of
from bench.work import TORCH, Contender, Finish


def installed() -> bool:
    return find_spec("torch") is not None


def contenders(problem: Linear) -> dict[str, Contender]:
    """Logistic regression with Adam, if PyTorch is installed."""
    if not installed():
        return {}
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    X = torch.from_numpy(problem.with_ones)
    y = torch.from_numpy(problem.y.astype(problem.X.dtype))

    def run() -> torch.Tensor:
        W = torch.zeros(problem.shape, dtype=X.dtype, requires_grad=True)
        optimizer = torch.optim.Adam([W], lr=problem.optimizer["lr"], fused=True)
        for _ in range(problem.epochs):
            for batch in torch.randperm(len(X)).split(problem.batch):
                optimizer.zero_grad()
                binary_cross_entropy_with_logits(X[batch] @ W, y[batch]).backward()
                optimizer.step()
        return W.detach()

    def train() -> Finish:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # such small operations are slower with several threads
        spent, W = seconds_of(run)
        torch.set_num_threads(threads)
        return Finish(spent / problem.epochs, problem.mean_loss(W.numpy()))

    return {TORCH: train}
