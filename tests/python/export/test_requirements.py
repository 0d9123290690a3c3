"""What of a recorded environment can be installed again, and how it is written down."""

from __future__ import annotations

from typing import Any

import pytest

from nbtrail.export.requirements import requirements_of

COMMIT = "9a5eab0c" * 5


def frozen(origin: Any, version: str = "1.2.3") -> tuple[list[str], list[str]]:
    found = requirements_of(
        {
            "id": "ab" * 32,
            "python": {"version": "3.11.7"},
            "packages": {"thing": version, "pip": "25.0"},
            "origins": {} if origin is None else {"thing": origin},
        }
    )
    return list(found.lines), [m.why for m in found.missing]


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        (None, "thing==1.2.3"),
        (
            {"url": "https://host/thing.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"thing @ git+https://host/thing.git@{COMMIT}",
        ),
        (
            {
                "url": "https://me:secret@host/thing.git", "subdirectory": "python",
                "vcs_info": {"vcs": "git", "commit_id": COMMIT},
            },
            f"thing @ git+https://host/thing.git@{COMMIT}#subdirectory=python",
        ),
        (
            {"url": "ssh://git@host/thing.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"thing @ git+ssh://git@host/thing.git@{COMMIT}",
        ),
        (
            {"url": "https://host/thing.whl", "archive_info": {"hashes": {"sha256": "0f"}}},
            "thing @ https://host/thing.whl#sha256=0f",
        ),
        ({"url": "https://host/thing.zip", "archive_info": {}}, "thing @ https://host/thing.zip"),
    ],
)  # fmt: skip
def test_what_can_be_installed_again(origin: Any, line: str) -> None:
    assert frozen(origin) == ([line], [])


@pytest.mark.parametrize(
    ("origin", "why"),
    [
        ({"url": "file:///src/thing", "dir_info": {"editable": True}}, "an editable folder"),
        ({"url": "file:///src/thing", "dir_info": {}}, "a folder"),
        ({"url": "file:///tmp/thing.whl", "archive_info": {}}, "a file on that machine"),
        (
            {"url": "file:///src/thing", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            "a repository on that machine",
        ),
        ({}, "which is not known"),
    ],
)
def test_what_cannot_is_said_by_name(origin: Any, why: str) -> None:
    lines, reasons = frozen(origin)
    assert lines == []
    assert [why in reason for reason in reasons] == [True]


@pytest.mark.parametrize(
    "url",
    [
        "file:///home/conda/feedstock_root/build_artifacts/thing_1/work",
        "file:///croot/thing_1/work",
    ],
)
def test_what_conda_has_built_is_pinned(url: str) -> None:
    assert frozen({"url": url, "dir_info": {}}) == (["thing==1.2.3"], [])


def test_what_only_conda_has_is_said_with_what_to_do() -> None:
    found = requirements_of(
        {
            "id": "ab" * 32,
            "packages": {"thing": "1.2.3", "ruamel-yaml": "0.18"},
            "conda": {
                "thing": "1.2.3=py311_0", "ruamel.yaml": "0.18=py311_0", "python": "3.11.7=h1",
                "openblas": "0.3.30=pthreads_1",
            },
        }
    )  # fmt: skip
    assert [(m.name, m.fix) for m in found.missing] == [
        ("openblas", "conda install openblas=0.3.30=pthreads_1")
    ]
    assert found.lines == ("ruamel-yaml==0.18", "thing==1.2.3")


def test_a_build_for_one_platform_is_pinned_and_noted() -> None:
    found = requirements_of({"id": "ab" * 32, "packages": {"torch": "2.13.0+cpu"}})
    assert found.lines == ("torch==2.13.0+cpu",)
    assert "PIP_EXTRA_INDEX_URL" in found.text().splitlines()[1]


@pytest.mark.parametrize(
    ("name", "version", "origin"),
    [
        ("thing\n--index-url=elsewhere", "1", None),
        ("thing", "1\n-r other.txt", None),
        ("-r", "1", None),
        ("thing", "1 ; python_version > '1'", None),
        ("thing", "1", {"url": "https://host/a b.whl", "archive_info": {}}),
        ("thing", "1", {"url": "https://host/a.whl\n-e .", "archive_info": {}}),
        (
            "thing",
            "1",
            {"url": "https://h/t.git", "vcs_info": {"vcs": "git", "commit_id": "a\n-e ."}},
        ),
    ],
)
def test_what_is_no_requirement_becomes_none(name: str, version: str, origin: Any) -> None:
    found = requirements_of(
        {
            "id": "ab" * 32,
            "python": {"version": "3.11\nRUN rm"},
            "packages": {name: version},
            "origins": {} if origin is None else {name: origin},
        }
    )
    assert found.lines == ()
    assert len(found.missing) == 1
    assert all(line.startswith("#") for line in found.text().splitlines())
    assert found.minor == ""


def test_the_file_says_where_it_comes_from() -> None:
    environment = {
        "id": "ab" * 32, "python": {"version": "3.11.7"},
        "packages": {"b": "2", "a": "1", "here": "0.1"},
        "origins": {"here": {"url": "file:///here", "dir_info": {"editable": True}}},
    }  # fmt: skip
    assert requirements_of(environment).text().splitlines() == [
        "# Environment abababababab, recorded by nbtrail.",
        "# Python 3.11.7",
        "# Not installable: here==0.1: it came from an editable folder on that machine, "
        "file:///here.",
        "a==1",
        "b==2",
    ]
