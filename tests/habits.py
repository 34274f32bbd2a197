"""What suites do to the process that they run in, one small test each, with a module of its own whose lines are known.

A habit calls `ran()`, which imports `pkg.<habit>` at the first call: lines 1, 2, 3 and 7 of SOURCE run. Every habit
passes without a measurement, leaves the process as it was, and has cost a measurement lines or a suite its tests.
"""

from __future__ import annotations

from typing import NamedTuple

SOURCE = """\
def ran(number):
    if number:
        return number
    return None


def never():
    return 0
"""
HEAD = """\
import builtins, gc, importlib, json, os, pickle, signal, subprocess, sys, threading, time, types, weakref
from unittest import mock
import pytest

def ran():
    return importlib.import_module("pkg.{name}").ran(1)

def in_child(work):
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


class Habit(NamedTuple):
    """A test's text, the Pythons that it is for, and, where they are not SOURCE's, its module and what it misses.

    `named` says whether its branches are unknown up to Python 3.11, and named.
    """

    test: str
    since: tuple[int, int] = (3, 9)
    source: str = SOURCE
    missed: tuple[int, ...] = (4, 8)
    named: bool = False


HABITS = {
    # One number of sys.monitoring belongs to one tool; coverage.py, SlipCover and debuggers all want theirs.
    "takes_the_coverage_tool": Habit(
        """
        def test():
            monitoring, lines = sys.monitoring, []
            monitoring.use_tool_id(monitoring.COVERAGE_ID, "mine")
            monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, lambda _, n: lines.append(n))
            monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)
            monitoring.restart_events()
            ran()
            monitoring.set_events(monitoring.COVERAGE_ID, 0)
            monitoring.free_tool_id(monitoring.COVERAGE_ID)
            assert {2, 3} <= set(lines)
        """,
        since=(3, 12),
    ),
    "frees_the_coverage_tool": Habit(
        """
        def test():
            sys.monitoring.free_tool_id(sys.monitoring.COVERAGE_ID)
            ran()
        """,
        since=(3, 12),
    ),
    # Before, on Python 3.12: the second Slipcover() of a process took every line from the first.
    "uses_slipcover": Habit(
        """
        import slipcover

        def test():
            ran()
            inner = slipcover.Slipcover()
            function = importlib.import_module("pkg.uses_slipcover").ran
            inner.instrument(function)
            function(1)
            assert 3 in [*inner.get_coverage()["files"].values()][0]["executed_lines"]
            assert function(0) is None
        """,
        missed=(8,),
    ),
    "uses_slipcovers_imports": Habit(
        """
        import slipcover

        def test():
            inner = slipcover.Slipcover()
            with slipcover.ImportManager(inner, slipcover.FileMatcher(sources=["pkg"])):
                ran()
            (file,) = inner.get_coverage()["files"].values()
            assert 3 in file["executed_lines"]
        """
    ),
    "traces_and_profiles": Habit(
        """
        def test():
            ran()
            lines, calls = [], []

            def trace(frame, event, _):
                lines.append((frame.f_code.co_name, frame.f_lineno))
                return trace

            sys.settrace(trace)
            ran()
            sys.settrace(None)
            sys.setprofile(lambda frame, event, _: calls.append(frame.f_code.co_name))
            ran()
            sys.setprofile(None)
            assert ("ran", 3) in lines
            assert "ran" in calls
        """
    ),
    "collects_garbage": Habit(
        """
        import faulthandler, tempfile, tracemalloc

        def test():
            gc.set_threshold(1)
            sys.setswitchinterval(1e-6)
            tracemalloc.start()
            ran()
            tracemalloc.stop()
            sys.setswitchinterval(0.005)
            gc.set_threshold(700)
            before = len(gc.get_objects())
            for _ in range(300):
                ran()
            assert len(gc.get_objects()) < before + 100
            with tempfile.TemporaryFile() as file:
                faulthandler.dump_traceback(file)
        """
    ),
    # Up to 3.11 SlipCover reads `frame.f_locals` of every frame: it keeps the object, and restores what was assigned.
    "watches_what_dies": Habit(
        """
        class Thing:
            pass

        def test():
            thing, counted = Thing(), 1
            reference, names = weakref.ref(thing), locals()
            names["counted"] = 2
            names.pop("thing", None)
            for _ in range(300):
                ran()
            assert names["counted"] == 2
            del thing
            assert reference() is None
        """
    ),
    # Up to 3.11 SlipCover hashes and compares the classes of a module: SystemError from `ran`.
    "has_classes_that_cannot_be_hashed": Habit(
        """
        def test():
            for _ in range(300):
                ran()
        """,
        source="""\
class Meta(type):
    def __eq__(cls, other):
        raise ValueError("not a truth value")


class Made(metaclass=Meta):
    pass


def ran(number):
    return number
""",
        missed=(3,),
    ),
    "puts_names_under_branches_of_a_class": Habit(
        """
        def test():
            ran()
            made = importlib.import_module("pkg.puts_names_under_branches_of_a_class")
            assert [each.name for each in made.Colour] == ["RED", "BLUE"]
            assert [name for name in vars(made) if name[0] == "_" and name[1] != "_"] == []
        """,
        source="""\
import enum


class Colour(enum.Enum):
    RED = 1
    if RED:
        BLUE = 2


def ran(number):
    return Colour.RED
""",
        missed=(),
    ),
    "reloads": Habit(
        """
        def test():
            ran()
            module = sys.modules["pkg.reloads"]
            before = module.ran
            assert importlib.reload(module).ran is not before
            del sys.modules["pkg.reloads"]
            assert ran() == 1
            assert sys.modules["pkg.reloads"] is not module
        """
    ),
    "patches_the_loader": Habit(
        """
        from importlib.machinery import SourceFileLoader

        def test(monkeypatch):
            asked, original = [], SourceFileLoader.get_code
            monkeypatch.setattr(
                SourceFileLoader, "get_code", lambda self, name: asked.append(name) or original(self, name)
            )
            ran()
            assert asked == ["pkg.patches_the_loader"]
        """
    ),
    "patches_open_while_it_imports": Habit(
        """
        def test():
            with mock.patch("builtins.open", mock.mock_open(read_data="text")) as opened:
                ran()
            assert not opened.called
        """
    ),
    "patches_os_while_it_imports": Habit(
        """
        def test():
            refused = mock.Mock(side_effect=OSError("refused"))
            names = ["replace", "makedirs", "getpid", "urandom", "getcwd", "fspath", "fsdecode", "path.realpath"]
            with mock.patch.multiple(json, dump=refused, dumps=refused):
                patches = [mock.patch(f"os.{name}", refused) for name in names if name != "fspath"]
                for each in patches:
                    each.start()
                ran()
                for each in patches:
                    each.stop()
            assert not refused.called
        """
    ),
    "patches_what_a_child_ends_with": Habit(
        """
        def test():
            with mock.patch("os.getpid", return_value=1), mock.patch("builtins.open", mock.mock_open()) as opened:
                in_child(ran)
            assert not opened.called
        """
    ),
    "closes_its_streams": Habit(
        """
        def work():
            sys.stderr = sys.stdout = None
            for number in range(3):
                os.close(number)
            ran()

        def test():
            in_child(work)
        """
    ),
    "works_in_a_folder_that_is_gone": Habit(
        """
        import tempfile

        def work():
            folder = tempfile.mkdtemp()
            os.chdir(folder)
            os.rmdir(folder)
            exec(compile("X = 1", "conf.py", "exec"), {})
            ran()

        def test():
            in_child(work)
        """
    ),
    "has_no_files_left": Habit(
        """
        import resource

        def test():
            ran()
            old = resource.getrlimit(resource.RLIMIT_NOFILE)
            del sys.modules["pkg.has_no_files_left"]
            resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 1, old[1]))
            ran()
            resource.setrlimit(resource.RLIMIT_NOFILE, old)
        """
    ),
    "empties_its_environment": Habit(
        """
        def test():
            with mock.patch.dict(os.environ, clear=True):
                in_child(ran)
        """
    ),
    # Up to 3.11 a probe that fails at the end of the stack forgets its line: the `except`.
    "reaches_the_end_of_the_stack": Habit(
        """
        def test():
            ran()
            ran()
        """,
        source="""\
def ran(number):
    try:
        return ran(number + 1)
    except RecursionError:
        return number
""",
        missed=(),
    ),
    "looks_for_leaks": Habit(
        """
        def test():
            before = len(os.listdir("/proc/self/fd")), threading.enumerate(), sorted(vars(builtins)), dict(os.environ)
            ran()
            gc.collect()
            after = len(os.listdir("/proc/self/fd")), threading.enumerate(), sorted(vars(builtins)), dict(os.environ)
            assert after == before
        """
    ),
    "inspects": Habit(
        """
        import dis, inspect

        def test():
            ran()
            module = sys.modules["pkg.inspects"]
            assert inspect.getsource(module.ran).startswith("def ran(number):")
            assert inspect.getsourcelines(module.never)[1] == 7
            assert [name for name in vars(module) if not name.startswith("__")] == ["ran", "never"]
            assert module.ran.__code__.co_varnames == ("number",)
            assert {line for _, line in dis.findlinestarts(module.ran.__code__)} >= {2, 3, 4}
            renamed = types.FunctionType(module.ran.__code__.replace(co_name="other"), {})
            assert renamed(2) == 2
        """
    ),
    "marshals_code": Habit(
        """
        import marshal

        def test():
            ran()
            code = sys.modules["pkg.marshals_code"].ran.__code__
            copy = types.FunctionType(marshal.loads(marshal.dumps(code)), {})
            assert (copy(2), copy(0)) == (2, None)
            with pytest.raises(ValueError):
                marshal.dumps(object())
        """,
        missed=(8,),
        named=True,
    ),
    "pickles_an_end": Habit(
        """
        import multiprocessing

        def test():
            ran()
            process = multiprocessing.get_context("spawn").Process(target=os._exit, args=(3,))
            process.start()
            process.join()
            assert process.exitcode == 3
        """
    ),
    "threads_all_the_time": Habit(
        """
        from concurrent.futures import ThreadPoolExecutor

        def later():
            time.sleep(0.5)
            ran()

        def forever():
            while True:
                time.sleep(0.01)

        def test():
            # Both are still there when the tests are over; the interpreter waits for the first.
            threading.Thread(target=later).start()
            threading.Thread(target=forever, daemon=True).start()
            with ThreadPoolExecutor(4) as pool:
                assert list(pool.map(abs, range(8))) == list(range(8))
        """
    ),
    # A fork while another thread holds SlipCover's lock hung in os.fork(); up to 3.11, namespaces that change while
    # probes are removed were a RuntimeError or SystemError of whichever line ran.
    "forks_and_changes_names_under_threads": Habit(
        """
        def churn(stop, names):
            while not stop.is_set():
                names["added"] = 1
                names.pop("added", None)

        def spin(stop, functions, failures):
            try:
                while not stop.is_set():
                    for function in functions:
                        function(1)
            except BaseException as error:
                failures.append(error)

        def test():
            ran()
            module, stop, failures = sys.modules["pkg.forks_and_changes_names_under_threads"], threading.Event(), []
            functions = [getattr(module, f"f{n}") for n in range(40)]
            threads = [threading.Thread(target=churn, args=(stop, vars(module))) for _ in range(2)]
            threads += [threading.Thread(target=spin, args=(stop, functions, failures)) for _ in range(2)]
            sys.setswitchinterval(1e-6)
            for thread in threads:
                thread.start()
            for _ in range(8):
                in_child(lambda: module.only_in_a_child(1))
            stop.set()
            for thread in threads:
                thread.join()
            sys.setswitchinterval(0.005)
            assert failures == []
        """,
        source="def only_in_a_child(n):\n    return n\n"
        + "".join(f"def f{n}(n):\n    return n\n" for n in range(40))
        + "def ran(n):\n    return n\n",
        missed=(),
    ),
}
