"""What agents remember: runs and what was said of them become answers that calls may be shown. For the background
process alone."""
