"""NBT604: data that comes from an address and may be another tomorrow."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nbtrail.pipeline.inference.source import SHELL
from nbtrail.policy.catalogue import Level, Problem, Rule
from nbtrail.policy.code.reading import Call, Reading
from nbtrail.policy.code.trees import literal

NETWORK_INPUT = "NBT604"
RULES = (
    # Off: as a beginning it is quite usual, and no error until somebody relies on the result.
    Rule(NETWORK_INPUT, "network-input", "Data is read from an address", Level.OFF),
)

_READER = re.compile(r"^(?:read_\w+|urlretrieve|urlopen|get_file|genfromtxt|loadtxt|imread)$")
#: An address that says which version it means never gives another content.
_FIXED = re.compile(
    r"/[0-9a-f]{40}/|[?&](?:version|rev|sha256)=|/(?:v|releases/download/v?)\d+\.\d+"
)
_FETCH = re.compile(r"\b(?:wget|curl)\b.*?(?P<url>(?:https?|ftp)://\S+)")


def problems(reading: Reading) -> Iterator[Problem]:
    """One for each address that is read or downloaded."""
    names = _addresses(reading)
    for call in reading.calls:
        if _READER.match(call.method) or call.name == "requests.get":
            address = _address(call, names)
            if address:
                yield _problem(address, call.cell.id, call.line)
    for magic in reading.magics:
        match = _FETCH.search(magic.text) if magic.kind == SHELL else None
        if match and not _FIXED.search(match["url"]):
            yield _problem(match["url"], magic.cell.id, magic.line)


def _problem(address: str, cell_id: str, line: int) -> Problem:
    shown = re.sub(r"//[^/@]*@", "//", address.partition("?")[0])[:80]
    message = (
        f"The data comes from {shown}: it can change or vanish. Keep a dated copy in the project "
        "(`nbtrail.dataset`) and read that, or take an address that names its version."
    )
    return Problem(NETWORK_INPUT, message, cell_id, line)


def _addresses(reading: Reading) -> dict[str, str]:
    """Names that are given an address as a literal."""
    found = {}
    for text in reading.texts:
        if "://" in text.value and isinstance(text.parent, ast.Assign):
            for target in text.parent.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = text.value
    return found


def _address(call: Call, names: dict[str, str]) -> str:
    first = call.node.args[0] if call.node.args else None
    value = literal(first)
    if isinstance(first, ast.Name):
        value = names.get(first.id)
    if isinstance(value, str) and value.startswith(("http://", "https://", "ftp://")):
        return "" if _FIXED.search(value) else value
    return ""
