"""What is said when the small model cannot be had or will not run."""


class SmallModelError(Exception):
    """One line for the person who starts Burnish: what is wrong, and what to do about it."""
