"""The web page for people: feedback, pairs, lineage, experiments, incidents, promotion."""
