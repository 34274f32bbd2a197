"""nox: one `coverage` session per leg, `report`, which follows the last of them, and `workflow`."""

from __future__ import annotations

import atexit
import hashlib
import json
import re
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import nox
from nox.command import CommandFailed

import covlane
from covlane.adapters import files
from covlane.adapters.environment import environment, forget, in_ci, secrets
from covlane.config import checkout, engines, lockfile, settings, sources
from covlane.errors import CovlaneError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from covlane.config.settings import Configured, Settings

COLLECTOR = Path(__file__).parent / "collector"
#: Exit codes and signals that end a leg's run without ending the session: its report says what happened.
ANY_END = range(-64, 256)
#: What tells git, and those who make backups, what the cache is (https://bford.info/cachedir/).
CACHE_FILES = {
    ".gitignore": "# Written by covlane.\n*\n",
    "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n# Written by covlane.\n",
}
#: Prints what is installed in an environment, as constraints.
FREEZE = (
    "from importlib.metadata import distributions as d\n"
    "found = {(i.metadata['Name'], i.version) for i in d() if i.metadata['Name']}\n"
    "print(*(f'{name}=={version}' for name, version in sorted(found)), sep='\\n')"
)
#: Prints from where an environment imports a name, as a list of JSON.
LOCATE = (
    "import json, os, sys\n"
    "from importlib.util import find_spec\n"
    "try: spec = find_spec(sys.argv[1])\n"
    "except Exception: spec = None\n"
    "found = spec and (spec.submodule_search_locations or [spec.origin]) or []\n"
    "print(json.dumps([place for place in found if place and os.path.isabs(place)]))"
)


def register(root: Path | None = None) -> None:
    """Define the sessions `coverage-3.X`, `report` and `workflow` in the noxfile that calls this.

    None of them is one of the default sessions: a bare `nox` does what it did before. The setting `prefix` begins
    all of their names.

    Args:
        root: the project's folder; by default the one that nox works in, which is the noxfile's.
    """
    try:
        configured = settings.load((root or Path.cwd()).resolve(), environment())
        sources.check(configured.root, configured.settings.source)
    except CovlaneError as error:
        sys.stderr.write(f"covlane: {error}\n")
        raise SystemExit(error.exit_code) from None

    if _alone(
        sys.argv,
        {f"{configured.settings.prefix}{name}" for name in ("compare", "coverage", "report", "workflow")},
    ):
        # Not even what nox itself starts, to make environments, gets them.
        forget(secrets(environment(), configured.settings.codescene.secrets))

    def coverage(session: nox.Session, shard: int = 0) -> None:
        """Run pytest under SlipCover on one Python; arguments after -- are pytest's."""
        with _of_covlane(session, configured):
            try:
                run_leg(session, configured, shard)
            except (CovlaneError, OSError) as error:
                session.error(str(error))

    if names := configured.shards():
        numbered = [nox.param(number, id=name) for number, name in enumerate(names, start=1)]
        coverage = nox.parametrize("shard", numbered)(coverage)
    nox.session(
        name=configured.session,
        python=list(configured.settings.pythons),
        venv_backend="uv|virtualenv",
        download_python="never",
        allow_parallel=True,
        default=False,
    )(coverage)

    prefix = configured.settings.prefix

    @nox.session(name=f"{prefix}report", python=False, default=False)
    def report(session: nox.Session) -> None:
        """Merge the legs that ran here, write the reports and print the table."""
        with _of_covlane(session, configured):
            show_report(session, configured)

    @nox.session(name=f"{prefix}workflow", python=False, default=False)
    def workflow(session: nox.Session) -> None:
        """Say whether the workflows are what the settings would write."""
        with _of_covlane(session, configured):
            session.run(sys.executable, "-m", "covlane", "init", "--check", external=True)

    @nox.session(
        name=f"{prefix}compare",
        python=list(configured.settings.pythons),
        venv_backend="uv|virtualenv",
        download_python="never",
        default=False,
    )
    def compare(session: nox.Session) -> None:
        """Run pytest under two engines and print each line and branch on which they differ: -- --engines A B --json."""
        with _of_covlane(session, configured):
            try:
                compare_engines(session, configured)
            except (CovlaneError, OSError) as error:
                session.error(str(error))

    # nox keeps them in its registry; the names are only theirs.
    del coverage, report, workflow, compare


def _alone(argv: list[str], ours: set[str]) -> bool:
    """Say whether a command line of nox asks for sessions of ours by name, and for no other."""
    named, naming = list[str](), False
    for word in argv[1:]:
        if word == "--":
            break
        option, _, value = word.partition("=")
        if word.startswith("-"):
            naming = option in {"-s", "-e", "--session", "--sessions"}
            named += [value] if naming and value else []
        elif naming:
            named.append(word)
    return bool(named) and all(re.sub(r"(-\d[^(]*)?(\(.*)?$", "", name) in ours for name in named)


@contextmanager
def _of_covlane(session: nox.Session, configured: Configured) -> Iterator[None]:
    """Work in the project's folder, in CI say how to do so again, and keep secrets from all that the session starts."""
    found = secrets(environment(), configured.settings.codescene.secrets)
    session.env.update(dict.fromkeys(found))
    with _reproducible(session.name), _in(session, configured.root):
        yield


@contextmanager
def _reproducible(name: str) -> Iterator[None]:
    """In CI, let the command that reproduces a failure be the last line, after all that nox says of it."""
    try:
        yield
    except BaseException:
        if in_ci(environment()):
            there = checkout.change_to(Path.cwd())
            atexit.register(sys.stderr.write, f'again: {there}nox -s "{name}"\n')
        raise


@contextmanager
def _in(session: nox.Session, folder: Path) -> Iterator[None]:
    """Work in the project's folder, where the noxfile stands in another one."""
    if folder.resolve() == Path.cwd():
        yield
        return
    with session.chdir(folder):
        yield


@contextmanager
def _group(name: str) -> Iterator[None]:
    """Fold what is printed meanwhile in a GitHub log."""
    inside = environment().get("GITHUB_ACTIONS") == "true"
    sys.stderr.write(f"::group::{name}\n" * inside)
    try:
        yield
    finally:
        sys.stderr.write("::endgroup::\n" * inside)


def run_leg(session: nox.Session, configured: Configured, shard: int = 0) -> None:
    """Run one leg, or one shard of it: its environment, pytest under the collector, its report."""
    output = configured.reports / "legs" / f"{_leg(session, configured)}.json"
    if not _measure(session, configured, output, session.posargs, shard=shard):
        return
    alone = _follow_with_report(session, f"{configured.settings.prefix}report")
    _judge(session, output)
    if alone and not in_ci(environment()):
        show_report(session, configured)


def compare_engines(session: nox.Session, configured: Configured) -> None:
    """Run the suite once for each of two engines, and print on what they differ; fail where no reason is known."""
    from covlane.commands import compare
    from covlane.render import lines

    asked = compare.asked(session.posargs, list(engines.ENGINES))
    outputs = []
    for number, engine in enumerate(asked.engines, 1):
        chosen = msgspec.structs.replace(configured.settings, engine=engine)
        measuring = configured._replace(settings=chosen)
        output = configured.reports / "compare" / f"{_leg(session, configured)}-{number}-{engine}.json"
        out = sys.stderr if asked.json else None
        if not _measure(session, measuring, output, asked.pytest, stdout=out):
            return
        outputs.append(output)
    found = compare.compare_legs(configured.root, outputs)
    text = [json.dumps(found.document(), indent=2)] if asked.json else found.text()
    lines.show((("", line, False) for line in text), sys.stdout, plain=True)
    codes = {stamp.exit_code for stamp in found.stamps}
    if codes != {0}:
        session.error(f"pytest ended with {max(codes)}: the engines are compared by a suite that passes")
    if found.unexplained:
        session.error(f"{found.unexplained:,} differences have no known reason")


def _measure(
    session: nox.Session,
    configured: Configured,
    output: Path,
    arguments: Sequence[str],
    *,
    shard: int = 0,
    stdout: TextIO | None = None,
) -> bool:
    """Make the environment, run pytest in it under the collector, and say whether there was more to do than installing."""
    folder = output.with_suffix(".d")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    output.unlink(missing_ok=True)
    if not _install(session, configured, folder):
        return False
    plan = folder / "leg.json"
    plan.write_text(json.dumps(_plan(session, configured, output, shard)), "utf-8")
    session.run(
        *("python", str(COLLECTOR), "run", str(plan), "-m", "pytest"),
        *_mode(configured.settings)[1],
        *configured.settings.pytest_args,
        *arguments,
        stdout=stdout,
        success_codes=ANY_END,
        interrupt_timeout=None,
        terminate_timeout=None,
    )
    return True


def _follow_with_report(session: nox.Session, report: str) -> bool:
    """See to it that the session `report` follows the last leg; True where nox cannot, and each leg shows what there is.

    Under `nox -j` each session is a nox of its own, which knows of no other.
    """
    if in_ci(environment()):
        return False
    try:
        session.notify(report)
    except ValueError:
        return True
    return False


def _install(session: nox.Session, configured: Configured, folder: Path) -> bool:
    """Install the project with what its tests need, then what measures, without touching any of that.

    Returns:
        Whether there is more to do: under `nox --install-only` there is not.
    """
    measuring = [*engines.ENGINES[configured.settings.engine], *_mode(configured.settings)[0]]
    with _group("environment"):
        return _install_all(session, configured, folder, measuring)


def _install_all(session: nox.Session, configured: Configured, folder: Path, measuring: list[str]) -> bool:
    wanted = [*configured.settings.install, *_group_requirements(configured), "pytest"]
    held = ["-c", str(_locked(configured, folder))] if configured.settings.locked else []
    try:
        session.install(*wanted, *held)
    except CommandFailed:
        if not held:
            raise
        if not configured.origins["locked"].startswith("detected"):
            session.error(
                "this does not fit uv.lock (see above).\n  -> run `uv lock`, or set `locked = false`"
            )
        session.warn(
            "this does not fit uv.lock (see above), so it is left out: run `uv lock`, or set `locked`"
        )
        session.install(*wanted)
    frozen = session.run("python", "-I", "-c", FREEZE, silent=True, log=False)
    constraints = folder / "constraints.txt"
    constraints.write_text(str(frozen or ""), "utf-8")
    try:
        if measuring:
            session.install(*measuring, "-c", str(constraints))
    except CommandFailed:
        session.error(
            f"{', '.join(measuring)} does not fit what this project pins (see above).\n"
            f"  -> loosen the pin in the requirements that `install` and `groups` name; "
            f"covlane changes no version itself"
        )
    return frozen is not None


def _locked(configured: Configured, folder: Path) -> Path:
    """Return a file of constraints that are the versions in uv.lock."""
    path = folder / "locked.txt"
    path.write_text("\n".join([*lockfile.constraints(configured.root), ""]), "utf-8")
    return path


def _leg(session: nox.Session, configured: Configured) -> str:
    told = configured.settings.github.systems
    return settings.leg_name(session.name, settings.SYSTEMS.get(sys.platform, sys.platform) if told else "")


def _mode(chosen: Settings) -> tuple[list[str], list[str]]:
    """Return the requirements and the pytest arguments that the settings' isolation and workers stand for."""
    requirements, arguments = [], []
    if chosen.isolation == "forked":
        requirements.append("pytest-forked>=1.6")
        arguments.append("--forked")
    if chosen.workers:
        requirements.append("pytest-xdist>=3.5")
        arguments += ["-n", str(chosen.workers)]
    if chosen.shards > 1:
        requirements.append("pytest-split>=0.9")
    return requirements, arguments


def _group_requirements(configured: Configured) -> tuple[str, ...]:
    groups = configured.settings.groups
    if not groups:
        return ()
    document: dict[str, Any] = settings.read_pyproject(configured.root)
    try:
        return nox.project.dependency_groups(document, *groups)
    except (LookupError, ValueError) as error:
        raise UsageError(
            f"the dependency groups {', '.join(groups)} cannot be resolved: {error}",
            "mend [dependency-groups], or set `groups`",
        ) from None


def _plan(session: nox.Session, configured: Configured, output: Path, shard: int) -> dict[str, object]:
    from covlane.adapters.git import Git

    def locate(name: str) -> list[str]:
        found = session.run("python", "-I", "-c", LOCATE, name, silent=True, log=False)
        return [str(place) for place in json.loads(str(found).splitlines()[-1])]

    git = Git(configured.root, environment())
    chosen = configured.settings
    return {
        "schema": 1,
        "leg": _leg(session, configured),
        "root": str(configured.root),
        "output": str(output),
        "source": sources.measured(configured.root, chosen.source, locate),
        # The canary is a file below the reports, which may lie below the sources.
        "omit": [*chosen.omit, chosen.reports],
        "exclude": [*chosen.exclude_lines, *chosen.exclude_also],
        "branch": chosen.branch,
        "subprocess": chosen.subprocess,
        "engine": chosen.engine,
        "canary": chosen.canary,
        "isolation": chosen.isolation,
        "workers": chosen.workers,
        "shard": [shard, chosen.shards] if shard else None,
        "durations": str(configured.reports / "durations.json"),
        "cache": _cache(session, configured),
        "commit": git.commit(),
        "dirty": git.dirty(),
        "tools": tools(),
    }


def _cache(session: nox.Session, configured: Configured) -> str:
    """Return the folder of what holds as long as a source, what measures and this package stay the same.

    Each of these has one of its own below the one that is set, which says for itself that it is no part of the
    repository. Empty where none is set, where it cannot be made, or where others can write into it: code is kept there.
    """
    chosen = configured.settings
    digest = hashlib.blake2b(repr(engines.ENGINES[chosen.engine]).encode(), digest_size=8)
    for path in sorted(COLLECTOR.rglob("*.py")):
        digest.update(path.read_bytes())
    folder = configured.root / chosen.cache
    if not chosen.cache:
        return ""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        inside = folder / f"{chosen.engine}-{digest.hexdigest()}"
        if shared := next(filter(files.shared, (folder, inside)), None):
            session.warn(
                f"{shared} is not used as cache, because others can write into it and what is kept there is run; "
                f"remove it, or take it over: `chmod go-w`, and `chown` if it is another user's"
            )
            return ""
        inside.mkdir(mode=0o700, exist_ok=True)
        for name, text in CACHE_FILES.items():
            if not (folder / name).exists():
                (folder / name).write_text(text, "utf-8")
    except OSError:
        return ""
    return str(inside)


def _judge(session: nox.Session, output: Path) -> None:
    """Say how the leg ended; end the session in failure where pytest did."""
    from covlane.adapters.files import read_bytes
    from covlane.formats.slipcover import read_leg

    try:
        stamp = read_leg(read_bytes(output), str(output)).stamp
    except CovlaneError as error:
        session.error(f"the leg left no report: {error}")
    for reason in stamp.reasons:
        session.warn(f"this leg is incomplete: {reason}")
    for note in stamp.notes:
        session.warn(note)
    if (killed := stamp.processes.killed) and stamp.complete:
        session.log(
            f"a signal or a crash ended {killed:,} process{'es' * (killed > 1)}; no measured line was lost"
        )
    if not stamp.sang:
        session.warn(f"the canary did not sing: {stamp.canary}")
    for name, why in {**stamp.unbranched, **stamp.unparsable}.items():
        session.warn(f"{name} is not measured whole: {why}")
    if stamp.exit_code != 0:
        session.error(f"pytest ended with {stamp.exit_code}; again: nox -s '{session.name}'")


def show_report(session: nox.Session, configured: Configured) -> None:
    """Merge, report and print; what did not run here is named, and is no failure of this run."""
    from covlane.adapters.git import Git
    from covlane.commands import merge
    from covlane.commands.report import Showing
    from covlane.render import terminal
    from covlane.workspace import reports

    environ = environment()
    try:
        with reports.lock(configured.reports):
            git = Git(configured.root, environ)
            merged = merge.merge_legs(configured, git, allow_incomplete=True)
            written = Showing(configured, git, environ, merged).write()
    except CovlaneError as error:
        session.error(str(error))
    plain = "NO_COLOR" in environ or in_ci(environ)
    terminal.show(merged, sys.stdout, plain=plain, thresholds=configured.settings.thresholds)
    session.log("wrote " + ", ".join(str(path.relative_to(configured.root)) for path in written))


def tools() -> dict[str, str]:
    """Return the versions of the host's side of the lane."""
    from importlib import metadata

    return {"covlane": covlane.__version__, "nox": metadata.version("nox")}
