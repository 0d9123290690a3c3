"""Findings in SARIF 2.1.0, which code scanning services show beside the lines that are meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nbtrail.files import sha256_bytes
from nbtrail.policy.catalogue import Rule
from nbtrail.policy.findings import Finding
from nbtrail.policy.levels import level_of
from nbtrail.policy.pages import page_of
from nbtrail.project import Project

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"off": "none", "warn": "warning", "enforce": "error"}


def as_sarif(
    project: Project, findings: Sequence[Finding], rules: Sequence[Rule], version: str
) -> dict[str, Any]:
    """A SARIF log of one run.

    Paths are relative to the root of the git repository that holds the project, as services
    want them; where there is none, to the project's root.
    """
    index = {rule.code: number for number, rule in enumerate(rules)}
    prefix = _prefix(project.root)
    places = _Places(project.root)
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "nbtrail",
                        "version": version,
                        "semanticVersion": version,
                        "rules": [_rule(project, rule) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    _result(finding, index[finding.code], prefix, places) for finding in findings
                ],
            }
        ],
    }


def _rule(project: Project, rule: Rule) -> dict[str, Any]:
    page = page_of(rule.code) or rule.title
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": f"{rule.title}."},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": _LEVELS[level_of(project, rule, "").value]},
    }


def _result(finding: Finding, rule: int, prefix: str, places: _Places) -> dict[str, Any]:
    physical: dict[str, Any] = {
        "artifactLocation": {"uri": quote(prefix + finding.path), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": places.line(finding)},
    }
    location: dict[str, Any] = {"physicalLocation": physical}
    if finding.cell_id is not None:
        name = f"cell {finding.cell_id}"
        location["logicalLocations"] = [{"name": name, "kind": "member"}]
    identity = f"{finding.code} {finding.path} {finding.cell_id} {finding.message}"
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity,
        "message": {"text": finding.message},
        "locations": [location],
        "partialFingerprints": {"nbtrail/v1": sha256_bytes(identity.encode())},
    }


class _Places:
    """Lines in notebook files; each file is read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._path = ""
        self._lines: list[str] = []

    def line(self, finding: Finding) -> int:
        """The line of the file, from 1, where the line of the cell stands; 1 where unknown."""
        if finding.cell_id is None:
            return 1
        if finding.path != self._path:
            self._path, self._lines = finding.path, self._read(finding.path)
        mark = f'"id": "{finding.cell_id}"'
        start = next((n for n, line in enumerate(self._lines) if mark in line), None)
        if start is None:
            return 1
        # Keys are sorted: the source stands behind the outputs.
        for number in range(start, len(self._lines)):
            if self._lines[number].lstrip().startswith('"source":'):
                return number + 1 + (finding.line or 0)
        return start + 1

    def _read(self, path: str) -> list[str]:
        try:
            return (self._root / path).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []


def _prefix(root: Path) -> str:
    for folder in (root, *root.parents):
        if (folder / ".git").exists():
            relative = root.relative_to(folder).as_posix()
            return "" if relative == "." else f"{relative}/"
    return ""
