"""The documentation: what it shows is run, and what it lists is what there is."""
