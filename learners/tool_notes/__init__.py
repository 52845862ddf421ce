"""Notes on tools, learned from calls that failed: what tells their arguments from those of fine calls.

`read_calls` takes calls from runs, `find` tells them apart, `word` makes a note of what it found, `propose` a variant.
"""
