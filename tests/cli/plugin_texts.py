"""The text of a plugin with one rule."""

RULE = '''
import numpy as np
from gdrun import Rate, rule

@rule
def cli_sign_descent(w, g, lr: Rate = 0.01):
    """Steps of one length, down the sign of the gradient.

        w ← w − α sign(g)
    """
    return w - lr * np.sign(g)
'''
