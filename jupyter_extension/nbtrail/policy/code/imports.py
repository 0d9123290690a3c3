"""NBT502: imports that the locked environment cannot satisfy."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterator, Sequence

from nbtrail.pipeline.inference.source import CELL_MAGIC
from nbtrail.policy.catalogue import Level, Problem, Rule
from nbtrail.policy.code.context import CodeContext
from nbtrail.policy.code.distributions import BRINGS, DISTRIBUTIONS
from nbtrail.policy.code.installs import installed
from nbtrail.policy.code.reading import Reading

MISSING_IMPORT = "NBT502"
RULES = (
    Rule(
        MISSING_IMPORT,
        "missing-import",
        "An import is missing from the locked environment",
        Level.WARN,
    ),
)

#: There in every Python kernel, whatever the list says.
#: Many distributions share them.
_NAMESPACES = frozenset({"azure", "google"})
_ALWAYS = frozenset({"ipykernel", "IPython", "nbtrail", "__main__", "__future__", "pip"})
#: Python 2 brought them, and no distribution does.
_GONE = frozenset(
    "cPickle cStringIO ConfigParser HTMLParser Queue StringIO Tkinter httplib urllib2 urlparse "
    "imp distutils asyncore telnetlib".split()
)


def problems(reading: Reading, context: CodeContext) -> Iterator[Problem]:
    """One for each module that is missing, at its first import."""
    if context.locked is None or not reading.python:
        return
    there = _with_what_they_bring({normal(name) for name in context.locked} | installed(reading))
    own = context.project_root_names | _written(reading)
    guess = any(_changes_path(call.name) for call in reading.calls)
    seen: set[str] = set()
    for item in reading.imports:
        root = item.module.partition(".")[0]
        if item.optional or root in own | _ALWAYS | _GONE | sys.stdlib_module_names:
            continue
        wanted, known = distributions_of(item.module, item.names)
        if wanted[0] in seen or any(name in there for name in wanted):
            continue
        if not known and (guess or root.endswith("_pb2")):  # on a path of its own, or generated
            continue
        seen.add(wanted[0])
        shown = item.module if root in _NAMESPACES else root
        if known:
            message = (
                f"`import {shown}` needs `{wanted[0]}`, which is missing from the project's locked "
                "environment: add it there with its version, or drop the import."
            )
        else:
            message = (
                f"`import {shown}` finds no such module in the project and no `{wanted[0]}` in its "
                "locked environment: add it there with its version, or the file to the project."
            )
        yield Problem(MISSING_IMPORT, message, item.cell.id, item.line)


def distributions_of(module: str, names: Sequence[str] = ()) -> tuple[tuple[str, ...], bool]:
    """Distributions that bring a module, in normal form, and whether that is known or guessed.

    ``names`` are those that are imported from it.
    """
    for name in names:
        if f"{module}.{name}" in DISTRIBUTIONS:
            return DISTRIBUTIONS[f"{module}.{name}"], True
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if name in DISTRIBUTIONS:
            return DISTRIBUTIONS[name], True
    if parts[0] in _NAMESPACES:
        return (normal("-".join(parts[:3])),), False
    here = _installed_here().get(parts[0])
    if here:
        return tuple(sorted({normal(name) for name in here})), True
    return (normal(parts[0]),), False


def normal(name: str) -> str:
    """A distribution's name as PyPI compares it, without extras and version."""
    bare = re.match(r"[\w.-]+", name.strip())
    return re.sub(r"[-_.]+", "-", bare[0] if bare else name).lower()


def _with_what_they_bring(names: set[str]) -> set[str]:
    done: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in done:
            done.add(name)
            waiting += BRINGS.get(name, ())
    return done


@functools.cache
def _installed_here() -> dict[str, list[str]]:
    """Distributions of nbtrail's own environment by import names; reading them takes a while."""
    import importlib.metadata  # slow to load, and needed for unusual imports only

    return {k: list(v) for k, v in importlib.metadata.packages_distributions().items()}


def _written(reading: Reading) -> set[str]:
    """Modules that the notebook writes itself, with ``%%writefile``."""
    names = set()
    for magic in reading.magics:
        words = magic.text.split()
        if magic.kind == CELL_MAGIC and words[:1] in (["writefile"], ["file"]) and len(words) > 1:
            names.add(re.split(r"[/\\]", words[-1])[-1].removesuffix(".py"))
            names.add(re.split(r"[/\\]", words[-1])[0])
    return names


def _changes_path(name: str) -> bool:
    return name.startswith(("sys.path.", "site.addsitedir")) or name == "os.chdir"
