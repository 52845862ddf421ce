"""How well labels are told from votes, some of them by liars, in simulated worlds whose truth is known."""
