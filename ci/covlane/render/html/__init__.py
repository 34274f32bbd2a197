"""Model to a static site: an overview, and a page for each file."""
