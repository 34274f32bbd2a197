"""Destinations: what the merged report is handed to. Clients and settings come in as arguments."""
