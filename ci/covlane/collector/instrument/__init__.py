"""Sources of the project, found, marked, and answered to those who import them."""
