"""The clients of a command: git, HTTP, programs. Built here and handed down, so that a test can hand others."""
