"""`covlane TASK`: the invoke collection as a program, for repositories without a tasks.py."""

from __future__ import annotations

from invoke.program import Program

import covlane
from covlane.tasks import namespace


def main() -> None:
    """Run the tasks named on the command line; exits with the code of the first that fails."""
    Program(version=covlane.__version__, namespace=namespace, name="covlane", binary="covlane").run()


if __name__ == "__main__":
    main()
