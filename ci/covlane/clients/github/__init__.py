"""GitHub: the comment on a pull request, what a fork's run left, outputs of a job, and Code Quality."""
