"""Bytes to model and back; one module for each format."""
