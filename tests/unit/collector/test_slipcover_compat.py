"""Each thing that `collector/engines/slipcover_compat.py` assumes of SlipCover, on its own, so that an upgrade names what moved."""

from __future__ import annotations

import ast
import marshal
import subprocess
import sys
from pathlib import Path

import pytest
import slipcover

from covlane.collector.engines import executable, slipcover_compat
from covlane.collector.engines import slipcover as slipcover_engine
from covlane.collector.instrument import marks
from covlane.collector.leg.guard import Guard
from covlane.config.engines import MODEL


def test_the_release_that_equality_is_tested_with_is_the_one_that_is_named() -> None:
    assert slipcover.__version__ == slipcover_compat.RELEASE == MODEL


def test_nothing_of_slipcover_is_loaded_to_measure() -> None:
    program = (
        "import sys; sys.modules['slipcover'] = None\n"
        "from covlane.collector.engines import executable, slipcover, slipcover_reader\n"
        "slipcover.recorders()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_executable_lines_and_branches_leave_out_what_is_excluded() -> None:
    reader = executable.Reader(branch=True, exclude=["pragma: no cover"])
    source = b"X = 1\nif X:\n    Y = 2  # pragma: no cover\nZ = 3\n"
    assert reader.executable(source, "a.py") == ({1, 2, 4}, {(2, 4)}, None, {})


def test_a_line_end_that_only_strings_know_moves_no_excluded_line() -> None:
    reader = executable.Reader(branch=False, exclude=["no cover"])
    source = "X = '\u2028'\nY = 1\nZ = 2  # no cover\n".encode()
    assert reader.executable(source, "a.py").lines == {1, 2}


@pytest.mark.skipif(
    "_covlane_collector.engines.probes.recorder" in sys.modules,
    reason="this process is measured by another copy of the module",
)
def test_code_that_a_process_kept_has_the_same_lines_and_branches() -> None:
    recorders = slipcover_engine.recorders()
    source = Path(ast.__file__).read_bytes()
    code, unmarked, _ = marks.compile_marked(source, "a.py", branch=True)
    kept = recorders.Recorder(Guard(), None, branch=True).freeze(code, source)
    known = recorders.code_lines(unmarked, marshal.loads(marshal.dumps(kept)), source)
    assert known == executable.of_code(code, unmarked, source)
