"""CodeScene: the merged report goes there by its command line or by its REST API."""
