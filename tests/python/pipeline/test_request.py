"""Parameters as they are typed and sent: what neither notebook nor record can take is refused."""

from __future__ import annotations

import sys

import pytest

from nbtrail.cli.run import parameter, parameters
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
        ("x=" + "-" * 5000 + "1", "-" * 5000 + "1"),
        ("x={[]: 1}", "{[]: 1}"),
    ],
)
def test_parameters_are_read_as_literals_or_taken_as_text(text, value):
    request = RunRequest(params=dict([parameter(text)]))
    assert list(request.params.values()) == [value]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jobs", 0), ("jobs", 10_000), ("jobs", "2"), ("jobs", 1.5), ("jobs", True),
        ("timeout", -1), ("timeout", float("nan")), ("timeout", float("inf")),
        ("memory_mb", "all"), ("retries", -1), ("retries", 1000),
    ],
)  # fmt: skip
def test_limits_that_are_none_are_refused(name, value):
    with pytest.raises(UsageError, match=f"{name} cannot be"):
        RunRequest(**{name: value})


def test_parameters_of_a_file(tmp_path):
    yaml, json = tmp_path / "some.yml", tmp_path / "some.json"
    yaml.write_text("seed: 7\nname: all of them\nrates: [0.1, 0.2]\nflag: true\n")
    assert parameters(str(yaml), ("seed=8",)) == {
        "seed": 8, "name": "all of them", "rates": [0.1, 0.2], "flag": True,
    }  # fmt: skip
    json.write_text('{"seed": null}')
    assert parameters(str(json), ()) == {"seed": None}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yml", "- 1\n- 2\n", "object"),
        ("a.yml", "seed: [1\n", "seed|expected"),
        ("a.json", "{seed: 1}", "malformed"),
        ("a.yml", b"\xff\xfe\xff", "a.yml"),
        ("absent.yml", None, "No such file"),
    ],
)
def test_parameter_files_that_are_none(tmp_path, name, text, message):
    file = tmp_path / name
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=message):
        parameters(str(file), ())


def test_dates_of_yaml_are_no_parameters(tmp_path):
    file = tmp_path / "a.yml"
    file.write_text("day: 2026-01-05\n")
    with pytest.raises(UsageError, match="value of parameter day cannot be written as JSON"):
        RunRequest(params=parameters(str(file), ()))
