"""Which tools fail: calls become figures and breakers, breakers become news to workers. For the background process."""
