"""The schema's history, one numbered file a step; the newest number is the version."""
