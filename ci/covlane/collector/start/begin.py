"""Run by the leg's `.pth` file in every interpreter of a leg: begin to measure.

Python runs `.pth` files before the program, so nothing here may fail or be heard: where the measurement cannot
begin, a file beside the fragments says why, or `run` is told, and the leg is incomplete.
"""

import os
import sys

from ..leg.processes import FAILED, WORKER, by, cannot, send_report


def begin(path: str) -> None:
    """Measure this process for the leg whose plan is at `path`."""
    try:
        from ..leg import plan as plans

        plan = plans.read(path)
        started = getattr(sys, "orig_argv", [])
        if plan.subprocess or WORKER in started or plan.slipcovers in started:
            from .. import selfcheck
            from ..process.measure import Measurement

            Measurement(plan, selfcheck).start()
    except Exception as error:  # noqa: BLE001 - the program that starts here is not ours to stop
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]  # noqa: TID251
        said = cannot(f"process {os.getpid()}{by(test)}", error, getattr(sys, "orig_argv", []))
        folder = os.path.dirname(path)
        try:
            with open(os.path.join(folder, f"{os.getpid()}{FAILED}"), "w", errors="backslashreplace") as file:
                file.write(said)
        except OSError:
            send_report(folder, said)
