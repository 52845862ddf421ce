"""How a call gets at past answers: its question embedded, the nearest looked up, all of it off the event loop."""
