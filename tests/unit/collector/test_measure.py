"""When a process hands over what its engine keeps to itself, apart from its end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from covlane.collector.leg.guard import Guard
from covlane.collector.process import measure
from covlane.collector.process.measure import CHECKPOINT, Measurement

if TYPE_CHECKING:
    import pytest


class Process:
    """A process whose clock stands still but for what a test, or handing over, takes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cost: float, *, keeps: bool = True) -> None:
        self.now, self.cost, self.flushed = 100.0, cost, 0
        monkeypatch.setattr(measure, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.measurement = object.__new__(Measurement)
        self.measurement._engine = SimpleNamespace(keeps=keeps, flush=self.flush)
        self.measurement._next = 0.0
        self.measurement.lock = Guard()

    def flush(self) -> None:
        self.flushed += 1
        self.now += self.cost

    def checkpoint(self, later: float = 0) -> int:
        """Return how often the engine has handed over when a test ends, some seconds later."""
        self.now += later
        self.measurement.checkpoint()
        return self.flushed


def test_it_is_the_first_test_s_end_and_then_every_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(monkeypatch, cost=0)
    assert process.checkpoint() == 1
    assert process.checkpoint() == 1
    assert process.checkpoint(CHECKPOINT - 1) == 1
    assert process.checkpoint(1) == 2


def test_what_is_slow_has_one_part_in_fifty_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(monkeypatch, cost=2)
    assert process.checkpoint() == 1
    assert process.checkpoint(99) == 1
    assert process.checkpoint(1) == 2


def test_an_engine_that_keeps_nothing_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Process(monkeypatch, cost=0, keeps=False).checkpoint() == 0


def test_one_that_fails_is_left_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(monkeypatch, cost=0)

    def fails() -> None:
        raise OSError

    process.measurement._engine = SimpleNamespace(keeps=True, flush=fails)
    assert process.checkpoint() == 0
