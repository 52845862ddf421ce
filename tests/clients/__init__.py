"""Real client libraries, each in an environment of its own, driven against one base URL."""
