"""How fast gdrun is, beside what users would pick instead: python tests/bench.

What makes the numbers worth reading:

- The contenders of a row take turns, so that a busy moment hits all alike; a cell is a median.
- Peers run in their best form: compiled, warmed, their data in place, nothing traced or evaluated.
- A time of gdrun's is that of its updates, every step watched, which is what the peers do. The
  whole training stands beside it, with its evaluations, its stopping rules and its records.
- All shuffle anew in each epoch, and the loss at the end shows that all did the same work.

A whole run takes some ten minutes, on a machine that does nothing else; --quick and --only shorten
it.

`work` says what a row is, one module for each piece of work makes its contenders, `works` lists
them, `measure` takes the times, `tables` shows them.
"""
