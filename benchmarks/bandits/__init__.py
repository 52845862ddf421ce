"""How well the bandits learn, in simulated worlds whose truth is known."""
