"""Decode and encode reports; one module per format."""
