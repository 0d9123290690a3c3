"""Parameters as they are typed and sent: what neither notebook nor record can take is refused."""

from __future__ import annotations

import sys

import pytest

from nbtrail.cli.pipeline import parameter
from nbtrail.errors import UsageError
from nbtrail.pipeline.request import RunRequest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x=1j", "value of parameter x cannot be written as JSON: 1j"),
        ("x=[1, {2}]", "cannot be written as JSON"),
        ("x=b'bytes'", "cannot be written as JSON"),
        ("x={(1, 2): 3}", "cannot be written as JSON"),
        ("x=1e999", "cannot be written as JSON: inf"),
        ("x=[-1e999]", "cannot be written as JSON"),
        ("x=\udcff", "cannot be written as JSON"),
        ("x", "name=value"),
        ("=3", "name=value"),
        ("two words=3", "name=value"),
        ("class=3", "cannot be called 'class'"),
    ],
)
def test_parameters_that_cannot_be_passed_on_are_refused(text, message):
    with pytest.raises(UsageError, match=message) as refused:
        RunRequest(params=dict([parameter(text)]))
    assert refused.value.exit_code == 2


def test_names_that_are_sent_are_looked_at_too():
    for name in ("", "two words", "import os; x", "None"):
        with pytest.raises(UsageError, match="cannot be called"):
            RunRequest(params={name: 1})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x=", ""),
        ("x=7", 7),
        ("x=a=b", "a=b"),
        ("x=None", None),
        ("x=[1, 'a']", [1, "a"]),
        (f"x={sys.maxsize}0", sys.maxsize * 10),
        ("größe=ü", "ü"),
    ],
)
def test_parameters_are_read_as_literals_or_taken_as_text(text, value):
    request = RunRequest(params=dict([parameter(text)]))
    assert list(request.params.values()) == [value]
