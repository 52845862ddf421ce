"""When self-critique is worth it: for which calls, and whether it makes their answers better or worse."""
