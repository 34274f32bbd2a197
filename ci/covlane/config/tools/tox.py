"""tox's environments, from tox.ini, tox.toml, setup.cfg and pyproject.toml (tox.wiki, "Configuration")."""

from __future__ import annotations

import itertools
import posixpath
import re
from typing import TYPE_CHECKING, Any

from covlane.config.metadata import ini, ini_text, table, toml
from covlane.config.tools import tox_ini, tox_names
from covlane.config.tools.wanted import Requirements, texts

if TYPE_CHECKING:
    import configparser
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

#: References that lead to references.
DEEPEST = 10
_HERE = re.compile(r"\{(?:toxinidir|tox_root)\}/?")
_WITH_DEFAULT = re.compile(r"\{env:[^{}:]*:([^{}]*)\}")
_OPTION = re.compile(r"(-r|-c|-e|--requirement|--constraint|--editable)[\s=]*(\S.*)")
#: A folder with the extras to install.
_PLACE = re.compile(r"(\.[^\[\s]*)\s*(?:\[([^\]]*)\])?")


def read(root: Path, document: Mapping[str, Any]) -> Requirements:
    """Return what tox installs where pytest is run, else what all its environments have in common.

    Args:
        root: the repository.
        document: pyproject.toml, decoded.
    """
    native = table(document, "tool", "tox")
    legacy = native.get("legacy_tox_ini")
    setup = ini(root / "setup.cfg")
    inis: tuple[tuple[str, str, configparser.ConfigParser], ...] = (
        ("tox.ini", "tox", ini(root / "tox.ini")),
        ("setup.cfg", "tox:tox", setup if setup.has_section("tox:tox") else ini_text("")),
        ("tox in pyproject.toml", "tox", ini_text(legacy if isinstance(legacy, str) else "")),
    )
    for where, section, config in inis:
        if any(name.startswith("testenv") for name in config.sections()):
            name, own = tox_ini.environment(config, section)
            lists = {key: tox_ini.lines(config, key, name) for key in ("deps", "extras", "dependency_groups")}
            lists = {key: value if key == "deps" else _words(value) for key, value in lists.items()}
            return _requirements(root, lists, name, f"{where}'s [{own}]")
    for where, tables in (("tox in pyproject.toml", native), ("tox.toml", toml(root / "tox.toml"))):
        if "env_run_base" in tables or "env" in tables:
            return _from_toml(root, tables, where)
    return Requirements()


def _words(lines: Sequence[str]) -> list[str]:
    return [word for line in lines for word in re.split(r"[\s,]+", line) if word]


def _from_toml(root: Path, tables: Mapping[str, Any], where: str) -> Requirements:
    names = dict.fromkeys([*_listed(tables), *table(tables, "env")])
    name = tox_names.chosen(each for each in names if "pytest" in str(_values(tables, each, "commands")))
    lists = {key: _values(tables, name, key) for key in ("deps", "extras", "dependency_groups")}
    own = name in table(tables, "env")
    return _requirements(root, lists, name, f"{where}'s {f'env.{name}' if own else 'env_run_base'}")


def _listed(tables: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names in `env_list`, those of a product of factors among them."""
    listed = tables.get("env_list")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict) and isinstance(one.get("product"), list):
            made = itertools.product(*map(texts, one["product"]))
            yield from map("-".join, itertools.islice(made, tox_ini.MOST_NAMES))


def _values(tables: Mapping[str, Any], name: str, key: str, depth: int = 0) -> list[str]:
    """Return a list of an environment; one that it does not set is that of `env_run_base`."""
    own, base = table(tables, "env", name), table(tables, "env_run_base")
    value = own.get(key, base.get(key)) if name else base.get(key)
    return list(_flat(tables, value, depth))


def _flat(tables: Mapping[str, Any], value: object, depth: int) -> Iterator[str]:
    """Yield the strings of a list, those of other lists that it refers to among them."""
    for one in value if isinstance(value, list) else ():
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            yield from _flat(tables, one, depth)
        elif isinstance(one, dict) and one.get("replace") == "ref" and depth < DEEPEST:
            if path := texts(one.get("of")):
                found = table(tables, *path[:-1]).get(path[-1])
                yield from _flat(tables, found, depth + 1)
            elif isinstance(one.get("env"), str) and isinstance(one.get("key"), str):
                yield from _values(tables, one["env"], one["key"], depth + 1)


def _requirements(root: Path, lists: Mapping[str, Sequence[str]], name: str, where: str) -> Requirements:
    arguments: list[str] = []
    extras = [*lists["extras"]]
    for line in lists["deps"]:
        words = _WITH_DEFAULT.sub(r"\1", _HERE.sub("./", line))
        words = re.sub(r"\{env_?name\}", name, words).replace("{/}", "/").strip()
        place = _PLACE.fullmatch(re.sub(r"(-e|--editable)[\s=]*", "", words))
        if place and posixpath.normpath(place[1]) == ".":
            extras += _words([place[2] or ""])
            continue
        if "{" not in words:
            arguments += _argument(root, words)
    return Requirements(
        tuple(arguments), tuple(dict.fromkeys(extras)), tuple(lists["dependency_groups"]), where
    )


def _argument(root: Path, words: str) -> tuple[str, ...]:
    """Return what pip would be given for a line; nothing for a file that is not there, or what only tox knows."""
    option = _OPTION.fullmatch(words)
    if option is None:
        return (words,) if words and not words.startswith("-") else ()
    if option[1] in ("-e", "--editable"):
        return "-e", option[2]
    path = posixpath.normpath(option[2])
    return (option[1], path) if (root / path).is_file() else ()
