"""What REST refuses before it sends."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from covlane.delivery.codescene import rest
from covlane.delivery.codescene.submission import Part, Submission
from covlane.errors import DeliveryError

if TYPE_CHECKING:
    from covlane.adapters.http import Http

TOLD = Submission("0" * 40, "https://example.com/o/r", "/checkout")
PART = Part("cobertura", "line-coverage", Path("coverage.xml"))


class Silent:
    """A client that must not be asked."""


def test_a_report_beyond_10_mb_compressed_is_refused_before_anything_is_sent() -> None:
    noise = random.Random(0).randbytes(rest.MOST_COMPRESSED)
    with pytest.raises(DeliveryError, match="10,000,000") as caught:
        rest.send(
            cast("Http", Silent()),
            base="https://example.com",
            token="t",
            submission=TOLD,
            part=PART,
            report=noise,
        )
    assert "`omit`" in caught.value.remedy


def test_the_same_report_is_packed_to_the_same_bytes() -> None:
    assert rest._pack(b"report", PART)[4:8] == bytes(4)  # the time field of RFC 1952
