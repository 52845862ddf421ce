"""What is shipped: the container, its neighbours, the wheel."""
