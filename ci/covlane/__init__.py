"""One coverage lane for a Python repository: nox measures, invoke merges, reports and delivers."""

#: A development version is not on the package index; a release has no `.dev`.
__version__ = "0.1.0.dev0"
