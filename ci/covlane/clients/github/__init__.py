"""GitHub: pull request comments, artifacts of fork runs, job outputs, and Code Quality."""
