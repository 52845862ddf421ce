"""`python -m burnish`: the command line, for an interpreter whose scripts are not on PATH."""

from burnish.cli import main

main()
