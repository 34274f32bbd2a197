"""`upload`: the merged report is delivered to a service."""
