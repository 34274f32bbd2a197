"""covlane's tasks: `invoke --list`."""

from covlane.tasks import namespace  # noqa: F401
