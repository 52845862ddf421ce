"""The simulated critics that self-critique is switched off and on by."""
