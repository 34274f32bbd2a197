"""Code of every origin is measured under its name in the repository, and what is somebody else's is not."""

from __future__ import annotations

import json
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

from covlane.collector.instrument.instrumenter import UNMARKED
from environments import Environments
from leg import Project
from pythons import other_python
from repository import CURRENT

if TYPE_CHECKING:
    from pathlib import Path

    from repository import Repository

MODULE = """
    def work(number):
        if number:
            return number
        return None
    work(1)
    """
#: All but `return None`.
RAN = [1, 2, 3, 5]

#: How a test runs the file of each name; `path` is its absolute name.
IMPORTED = {
    "imported": "importlib.import_module('pkg.imported')",
    "run_module": "runpy.run_module('pkg.run_module', run_name='__main__', alter_sys=True)",
    "dash_m": "python('-m', 'pkg.dash_m')",
    "folder/__main__": "python('pkg/folder')",
    "run_folder/__main__": "runpy.run_path('pkg/run_folder')",
    "location": "load(SourceFileLoader('any', path), path)",
    "lazy": "load(LazyLoader(SourceFileLoader('any', path)), path).work(1)",
    "reads": "load(Reading('any', path), path)",
    "linked": "load(SourceFileLoader('any', 'link/linked.py'), 'link/linked.py')",
}
COMPILED = {
    "script": "python('pkg/script.py')",
    "absolute": "python('-X', 'dev', path, cwd='/')",
    "moves": "python('moves.py', cwd='pkg')",
    "profiled": "python('-m', 'cProfile', '-o', os.devnull, 'pkg/profiled.py')",
    "run_path": "runpy.run_path('pkg/run_path.py')",
    "exec": "exec(compile(open(path).read(), path, 'exec'), {})",
    "relative": "exec(compile(open('pkg/relative.py').read(), 'pkg/relative.py', 'exec'), {})",
    "parsed": "exec(compile(ast.parse(open(path).read()), path, 'exec'), {})",
    "in_thread": "in_thread(runpy.run_path, path)",
    "thread": "in_thread(runpy.run_path(path)['work'], 0)",
    "forked": "in_fork(lambda: runpy.run_path(path))",
    "spawned": "runpy.run_path(path, run_name='__mp_main__')",
    "transforms": "load(Transforming('any', path), path)",
    "own_code": "load(Coding('any', path), path)",
    "own_loader": "load(Loading(path), path)",
    "from_pyc": "load(SourcelessFileLoader('any', pyc(path)), pyc(path))",
}
SUITE = """
from __future__ import annotations
import ast, importlib, os, py_compile, runpy, subprocess, sys, threading
from importlib.abc import SourceLoader
from importlib.machinery import SourceFileLoader, SourcelessFileLoader
from importlib.util import LazyLoader, module_from_spec, spec_from_file_location


def python(*argv, **options):
    subprocess.run([sys.executable, *argv], check=True, **options)


def load(loader, path):
    spec = spec_from_file_location("any", path, loader=loader)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_thread(call, *arguments):
    thread = threading.Thread(target=call, args=arguments)
    thread.start()
    thread.join()


def in_fork(call):
    child = os.fork()
    if child == 0:
        call()
        os._exit(0)
    os.waitpid(child, 0)


def pyc(path):
    return py_compile.compile(path, cfile="elsewhere.pyc")


class Reading(SourceFileLoader):
    def get_data(self, path):
        return super().get_data(path)


class Transforming(SourceFileLoader):
    def source_to_code(self, data, path):
        return compile(ast.parse(data), path, "exec")


class Coding(SourceFileLoader):
    def get_code(self, name):
        return compile(self.get_data(self.path), self.path, "exec")


class Loading(SourceLoader):
    def __init__(self, path):
        self.path = path
    def get_filename(self, name):
        return self.path
    def get_data(self, path):
        with open(path, "rb") as file:
            return file.read()
"""


def suite(project: Project, calls: dict[str, str]) -> None:
    project.write("pkg/__init__.py", "X = 1\n")
    body = SUITE
    for name, call in calls.items():
        path = project.write(f"pkg/{name}.py", MODULE)
        body += f"\n\ndef test_{name.replace('/', '_')}():\n    path = {str(path)!r}\n    {call}\n"
    project.write("test_it.py", body)


def test_what_importers_load_has_its_lines_and_branches(matrix_project: Project) -> None:
    suite(matrix_project, IMPORTED)
    (matrix_project.root / "link").symlink_to("pkg")
    leg = matrix_project.measure()
    assert leg.code == 0, leg.output
    assert {name: leg.ran(f"pkg/{name}.py") for name in IMPORTED} == dict.fromkeys(IMPORTED, RAN)
    taken = {name: leg.measured.files[f"pkg/{name}.py"].taken for name in IMPORTED}
    assert taken == {name: {(2, 3)} for name in IMPORTED}
    assert leg.stamp.unbranched == {}


def test_what_a_program_compiles_itself_has_its_lines_and_is_named(matrix_project: Project) -> None:
    suite(matrix_project, COMPILED)
    leg = matrix_project.measure("-W", "ignore::DeprecationWarning")
    assert leg.code == 0, leg.output
    ran = {name: leg.ran(f"pkg/{name}.py") for name in COMPILED}
    assert ran == dict.fromkeys(COMPILED, RAN) | {"thread": [1, 2, 3, 4, 5]}
    assert leg.stamp.unbranched == {f"pkg/{name}.py": UNMARKED for name in COMPILED}
    assert leg.measured.files["pkg/script.py"].branches == frozenset()


def test_code_that_only_has_a_source_s_name_is_not_that_source(matrix_project: Project) -> None:
    matrix_project.write("pkg/__init__.py", MODULE)
    matrix_project.write("pkg/exec.py", MODULE)
    matrix_project.write(
        "test_it.py",
        """
        import pathlib, subprocess, sys
        def test_it(tmp_path, monkeypatch):
            path = pathlib.Path("pkg/__init__.py").resolve()
            text = path.read_text()
            for name in ("<string>", "<template>", "pkg/none.py", "pkg/template.html", ""):
                exec(compile(text, name, "exec"), {})
            for other in (text.replace("None", "0"), "X = 1\\n" * 5, text + "X = 1\\n"):
                exec(compile(other, str(path), "exec"), {})
            exec(text, {})
            monkeypatch.chdir(tmp_path)
            exec(compile(text, "pkg/__init__.py", "exec"), {})
            subprocess.run([sys.executable, "-"], stdin=path.open(), check=True)
        """,
    )
    leg = matrix_project.measure()
    assert leg.code == 0, leg.output
    assert not leg.stamp.complete
    version = tuple(map(int, leg.stamp.python.split(".")[:2]))
    if version < (3, 11):  # where code has no columns, a change within a line is not seen
        assert leg.ran("pkg/__init__.py") == [1, 2, 3, 5]
    else:  # of the last of `other` the function is the file's, and the rest is named
        assert leg.ran("pkg/__init__.py") == [2, 3]
        assert [reason.split(", was")[0] for reason in leg.stamp.reasons] == [
            "code named pkg/__init__.py, <module> at line 1",
            "code named pkg/__init__.py, work at line 1",
        ]


def test_a_function_that_is_compiled_again_on_other_lines_is_named(matrix_project: Project) -> None:
    matrix_project.write(
        "pkg/__init__.py",
        """
        import ast, inspect

        def again(function):
            tree = ast.parse(inspect.getsource(function))
            tree.body[0].decorator_list.clear()
            exec(compile(tree, __file__, "exec"), found := {})
            return found[function.__name__]

        @again
        def work(number):
            return number
        """,
    )
    matrix_project.write("test_it.py", "import pkg\ndef test_it():\n    assert pkg.work(1) == 1\n")
    leg = matrix_project.measure()
    assert leg.code == 0, leg.output
    assert leg.missed("pkg/__init__.py") == [11]
    if int(leg.stamp.python.split(".")[1]) >= 12:
        assert not leg.stamp.complete
        assert (
            "code named pkg/__init__.py, work at line 2, was compiled from another text"
            in leg.stamp.reasons[-1]
        )


def test_a_subinterpreter_is_measured_or_named(matrix_project: Project) -> None:
    matrix_project.write("pkg/__init__.py", MODULE)
    matrix_project.write(
        "test_it.py",
        """
        import sys
        if sys.version_info >= (3, 13):
            import _interpreters as interpreters
        else:
            import _xxsubinterpreters as interpreters

        def test_it():
            made = interpreters.create()
            run = interpreters.exec if sys.version_info >= (3, 13) else interpreters.run_string
            assert run(made, "import sys; sys.path.insert(0, '.'); import pkg") is None
            interpreters.destroy(made)
        """,
    )
    leg = matrix_project.measure("-W", "ignore::DeprecationWarning")
    assert leg.code == 0, leg.output
    if leg.stamp.python.startswith("3.12."):
        assert not leg.stamp.complete
        assert "a subinterpreter ran, and measuring one needs Python 3.13" in leg.stamp.reasons[0]
    else:
        assert leg.stamp.complete
        assert leg.ran("pkg/__init__.py") == RAN


def test_archives_and_bare_bytecode_are_no_sources(matrix_project: Project) -> None:
    matrix_project.write("pkg/__init__.py", "X = 1\n")
    gone = matrix_project.write("pkg/gone.py", MODULE)
    code = f"import py_compile; py_compile.compile({str(gone)!r}, cfile={str(gone) + 'c'!r})"
    subprocess.run([matrix_project.python, "-c", code], check=True)
    gone.unlink()
    for name in ("pkg/lib.zip", "pkg/lib-1-py3-none-any.whl"):
        with zipfile.ZipFile(matrix_project.root / name, "w") as archive:
            archive.writestr(f"in_{name[-3:]}.py", "X = 1\n")
    matrix_project.write(
        "test_it.py",
        """
        import sys
        sys.path += ["pkg/lib.zip", "pkg/lib-1-py3-none-any.whl"]
        import in_zip, in_whl, pkg.gone
        def test_it(): pass
        """,
    )
    leg = matrix_project.measure()
    assert leg.code == 0, leg.output
    assert list(leg.measured.files) == ["pkg/__init__.py"]
    assert leg.stamp.complete


def test_one_package_in_two_roots_and_one_name_in_two_packages(matrix_project: Project) -> None:
    for name in ("left/ns/one", "right/ns/two", "pkg_a/util", "pkg_b/util"):
        matrix_project.write(f"{name}.py", MODULE)
    extend = "import pkgutil\n__path__ = pkgutil.extend_path(__path__, __name__)\n"
    for name in ("left/old", "right/old"):
        matrix_project.write(f"{name}/__init__.py", extend)
        matrix_project.write(f"{name}/{name[0]}.py", MODULE)
    for name in ("a", "b"):
        matrix_project.write(f"tests/{name}/__init__.py", "")
        matrix_project.write(
            f"tests/{name}/test_util.py",
            f"import sys; sys.path += ['left', 'right', '.']\nimport ns.one, ns.two, old.l, old.r, pkg_{name}.util\n"
            "def test_it(): pass\n",
        )
    sources = ["left/ns", "right/ns", "left/old", "right/old", "pkg_a", "pkg_b"]
    leg = matrix_project.measure("tests", source=sources)
    assert leg.code == 0, leg.output
    names = {name for name in leg.measured.files if not name.endswith("__init__.py")}
    ns, old = {"left/ns/one.py", "right/ns/two.py"}, {"left/old/l.py", "right/old/r.py"}
    assert names == {"pkg_a/util.py", "pkg_b/util.py"} | ns | old
    assert all(leg.ran(name) == RAN for name in names)
    # The second `__init__` of a package that is extended by hand is never run.
    assert (leg.ran("left/old/__init__.py"), leg.ran("right/old/__init__.py")) == ([1, 2], [])


def test_links_lead_to_one_file_with_one_name(project: Project) -> None:
    project.write("shared/code/a.py", MODULE)
    project.write("shared/b.py", MODULE)
    project.write("pkg/__init__.py", "X = 1\n")
    project.write("pkg/c.py", MODULE)
    for name, target in (("code", "../shared/code"), ("b.py", "../shared/b.py"), ("again.py", "c.py")):
        (project.root / "pkg" / name).symlink_to(target)
    (project.root / "pkg" / "loop").symlink_to(".")
    project.write("test_it.py", "import pkg.code.a, pkg.b, pkg.again, pkg.loop.c\ndef test_it(): pass\n")
    leg = project.measure(source=["pkg", "pkg/code", "pkg/b.py"])  # as covlane.config.sources adds them
    names = ["pkg/b.py", "pkg/c.py", "pkg/code/a.py"]
    assert [name for name in leg.measured.files if name != "pkg/__init__.py"] == names
    assert [leg.ran(name) for name in names] == [RAN] * 3


def test_a_debugger_keeps_its_trace_function(matrix_project: Project) -> None:
    matrix_project.write("pkg/__init__.py", "X = 1\n")
    matrix_project.write("pkg/script.py", MODULE)
    matrix_project.write(
        "test_it.py",
        """
        import subprocess, sys
        def test_it():
            argv = [sys.executable, "-m", "pdb", "-c", "b 3", "-c", "c", "-c", "p number + 41", "-c", "q", "pkg/script.py"]
            assert "42" in subprocess.run(argv, capture_output=True, text=True).stdout
        """,
    )
    leg = matrix_project.measure()
    assert leg.code == 0, leg.output


SETUP = """
    from setuptools import setup
    setup(
        name="made", version="1", package_dir={"": "src"}, packages=["made"], py_modules=["single"],
        scripts=["bin/made-file"],
        entry_points={"console_scripts": ["made-console = made:main"], "gui_scripts": ["made-gui = made.gui:main"]},
    )
    """
CALLS = """
    import os, subprocess, sys
    bin = os.path.dirname(sys.executable)
    def run(*argv, **options):
        subprocess.run([*argv], check=True, **options)
    def test_it():
        run("made-console", env={**os.environ, "PATH": bin})
        run(os.path.join(bin, "made-gui"), cwd="/")
        run("/bin/sh", "-c", os.path.join(bin, "made-file"), cwd="/")
        run(sys.executable, "-I", "-c", "import single")
    """


@pytest.mark.parametrize(
    "how",
    [
        ["."],
        ["-e", "."],
        ["-e", ".", "-C", "editable_mode=strict"],
        ["-e", ".", "-C", "editable_mode=compat"],
    ],
    ids=["copied", "by pth", "by links", "compatible"],
)
def test_what_an_installation_runs_is_the_source_s(
    tmp_path: Path, leg_environment: Path, how: list[str]
) -> None:
    project = Project(tmp_path / "project", leg_environment)
    project.write("setup.py", SETUP)
    project.write("src/made/__init__.py", "def main():\n    return 0\n")
    project.write("src/made/gui.py", "def main():\n    return 0\n")
    project.write("src/single.py", "X = 1\n")
    project.write("bin/made-file", "#!python\nimport made\nmade.main()\n")
    project.write("test_it.py", CALLS)
    install(leg_environment, "--no-build-isolation", "--reinstall", *how, cwd=project.root)
    leg = project.measure(source=["src"])
    assert leg.code == 0, leg.output
    assert {name: leg.missed(name) for name in leg.measured.files} == {
        "src/made/__init__.py": [],
        "src/made/gui.py": [],
        "src/single.py": [],
    }


def test_a_session_finds_a_package_where_its_environment_has_it(repository: Repository) -> None:
    repository.write(
        "setup.py",
        "from setuptools import setup\n"
        "setup(name='made', version='1', packages=['made'], package_dir={'made': 'code/impl'})\n",
    )
    repository.write("code/impl/__init__.py", "X = 1\n")
    repository.write("test_calc.py", "import made, pytest\ndef test_it(): pass\n")
    repository.settings(f'pythons = ["{CURRENT}"]', 'source = ["made"]', 'install = ["-e", "."]')
    done = repository.nox("-s", "coverage")
    assert done.returncode == 0, done.stderr
    report = json.loads((repository.root / "reports" / "coverage.json").read_bytes())
    assert list(report["files"]) == ["code/impl/__init__.py"]
    repository.settings(f'pythons = ["{CURRENT}"]', 'source = ["pytest"]')
    done = repository.nox("-s", "coverage")
    assert done.returncode == 1
    assert "the source pytest is installed at" in done.stderr


def test_a_source_that_is_nowhere_ends_every_session_in_one_sentence(repository: Repository) -> None:
    repository.settings(f'pythons = ["{CURRENT}"]', 'source = ["src/calc"]')
    done = repository.nox("-l")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "covlane: the source src/calc does not match a file, folder or package of this repository\n"
        "  -> set `source` in [tool.covlane]\n"
    )


@pytest.fixture(scope="module")
def leg_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that projects can be installed into, which no other process of the run uses."""
    return Environments(tmp_path_factory.mktemp("environment")).leg(other_python(), plugins=["setuptools"])


def install(python: Path, *arguments: str, cwd: Path | None = None) -> None:
    argv = [find_uv_bin(), "pip", "install", "--quiet", "--python", str(python), *arguments]
    subprocess.run(argv, cwd=cwd, check=True)
