"""The lane's configuration: what `[tool.covlane]` and the environment set, and what the repository shows of itself."""
