"""Benchmarks of gdrun against other libraries: python tests/bench.

Rules for a fair comparison:

- The contenders of a row run in turn, so that a busy moment affects all; a cell is a median.
- Other libraries run in their fastest form: compiled, warmed up, with their data in memory, without
  traces and evaluations.
- The time of gdrun is the time of its updates, with every step recorded. The time of the whole
  training, with evaluations, stopping rules and records, is shown too.
- All shuffle the data in each epoch, and the final loss shows that all did the same work.
- A second table has whole commands: processes from start to exit, compared with the scripts in
  `scripts/`, which read the same files. gdrun runs with its kernels compiled before, and with an
  empty cache of kernels.

A whole run takes about twenty minutes on an idle machine; --quick and --only shorten it.

`work` defines a row of a table, one module for each piece of work makes its contenders, `processes`
runs scripts and commands, `works` lists the rows, `measure` measures the times, and `tables` shows
them.
"""
