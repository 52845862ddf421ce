"""The ASGI application: from bytes of a client to an exchange, and from a reply back to bytes."""
