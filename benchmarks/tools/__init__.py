"""The simulated tools that breakers are tried on."""
