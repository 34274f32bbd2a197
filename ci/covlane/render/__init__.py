"""Model to text, for a terminal and for Markdown."""
