"""The requirement of the covlane that runs, from what pip recorded."""

from __future__ import annotations

import json

import pytest

from covlane.config.installed import requirement

GIT = {"vcs": "git", "commit_id": "1a2b", "requested_revision": "main"}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"url": "https://h/c.git", "vcs_info": GIT}, "covlane @ git+https://h/c.git@1a2b"),
        (
            {"url": "ssh://git@h/c", "vcs_info": GIT, "subdirectory": "a"},
            "covlane @ git+ssh://git@h/c@1a2b#subdirectory=a",
        ),
        ({"url": "file:///home/me/c", "vcs_info": GIT}, ""),
        ({"url": "https://h/c", "vcs_info": GIT | {"vcs": "hg"}}, ""),
        ({"url": "file:///home/me/c", "dir_info": {"editable": True}}, ""),
        ({"url": "https://h/c.whl", "archive_info": {}}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_the_requirement_names_the_commit_of_a_remote(record: object, expected: str) -> None:
    assert requirement(None if record is None else json.dumps(record)) == expected


def test_a_broken_record_is_no_requirement() -> None:
    assert requirement("{") == ""
