"""One coverage lane for a Python repository: nox measures, invoke merges, reports and delivers."""

__version__ = "0.1.0"
