"""The compiled engine's C kernels, built on first use by the machine's own C compiler.

A generated header holds the very rule, loss and activation that NumPy runs, translated from their
Python source, so a new equation, a plugin's too, needs no change here.

    compiler       the C compiler, and the libraries that it makes
    library_cache  those libraries on disk, where the next process finds them
    translate      a Python equation as C
    operations     the operators and functions of its values
    terms          those values, and the C statements that name them
    elementary     the functions of NumPy and math that the translation knows, as C has them
"""
