"""What is known of an agent's tools from what became of their calls: outcomes, reliability, latency, breakers.

`classify` says what became of one call; `fold` turns calls into a `ToolsState`; nothing here imports numpy, so that the
hot path can classify.
"""
