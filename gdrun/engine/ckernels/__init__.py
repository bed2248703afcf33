"""The compiled engine's C kernels, built on first use by the machine's own C compiler.

    compiler       the C compiler, and the libraries that it makes
    library_cache  those libraries on disk, where the next process finds them
"""
