"""Between the three APIs that agents speak to models: requests one way, answers and streams the other."""
