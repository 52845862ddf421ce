"""How soon past answers that harm are found and retired, in a simulated world whose truth is known."""
