"""What a study tries: axes, contenders, budgets and the trials that they make."""
