"""The beginning of a leg, by its command line and in each interpreter that its suite starts."""
