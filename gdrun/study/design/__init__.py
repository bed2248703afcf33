"""The design of a study: axes, contenders and budgets, and the trials that follow from them."""
