"""How well prompt injection is found, on texts that others wrote and that no rule or weight was tuned on."""
