"""The design of a study: axes, contenders, budgets, and the trials they lead to."""
