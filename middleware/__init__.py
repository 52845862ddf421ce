"""The chain: exchanges and replies, the `Middleware` protocol, and the built-in steps."""
