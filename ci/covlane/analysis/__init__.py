"""Model to model: merging, and later judging."""
