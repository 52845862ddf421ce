"""Code that nobody has read, run apart: a process of its own, and the kernel bounds what it may reach and use."""
