"""Run by the leg's `.pth` file in every interpreter that has the leg's variable: begin to measure.

Python runs `.pth` files before the program, so nothing here may fail or be heard: where the measurement cannot
begin, a file beside the fragments says why, and the leg is incomplete.
"""

import importlib.util
import os
import sys
import traceback

#: Names the plan of the leg that a process belongs to.
VARIABLE = "_COVLANE_LEG"
PACKAGE = "_covlane_collector"
FAILED = ".failed"


def load() -> None:
    """Load the collector under its private name, without a trace on sys.path."""
    here = os.path.dirname(os.path.abspath(__file__))
    spec = importlib.util.spec_from_file_location(
        PACKAGE, os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None  # noqa: S101 - a file with a location has one
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


def begin() -> None:
    """Measure this process, if it belongs to a leg and is not measured yet."""
    path = os.environ.get(VARIABLE)  # noqa: TID251 - the leg's side has no adapters
    if not path or PACKAGE in sys.modules:
        return
    try:
        load()
        plans = importlib.import_module(PACKAGE + ".plan")
        measure = importlib.import_module(PACKAGE + ".measure")
        measure.Measurement(plans.read(path)).start()
    except Exception:  # noqa: BLE001 - the program that starts here is not ours to stop
        try:
            with open(os.path.join(os.path.dirname(path), f"{os.getpid()}{FAILED}"), "w") as file:
                file.write(traceback.format_exc())
        except OSError:
            pass
