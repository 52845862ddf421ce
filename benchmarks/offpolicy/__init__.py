"""How well logs of an adapting bandit tell what each arm would have earned, where the truth is known."""
