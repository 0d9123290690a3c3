"""Files with settings that notebooks take paths from: YAML, TOML and JSON."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from pathlib import Path

from nbtrail.pipeline.inference.values import UNKNOWN, Value

#: Larger ones are data.
_MOST_BYTES = 65_536
#: A JSON file is a file of settings when its name says so; most are data or results.
_NAMED = re.compile(r"conf|setting|param|path|option", re.IGNORECASE)

#: Calls that give the content of such a file, from its path, text or handle.
LOADERS = frozenset(
    {"yaml.safe_load", "yaml.load", "yaml.full_load", "json.load", "json.loads", "toml.load",
     "toml.loads", "tomllib.load", "tomllib.loads", "tomli.load", "tomli.loads",
     "omegaconf.OmegaConf.load"}
)  # fmt: skip


def is_settings(path: str) -> bool:
    """Whether a path may be that of a file with settings."""
    name = path.rsplit("/", 1)[-1]
    if name.endswith(".json"):
        return _NAMED.search(name) is not None
    return name.endswith((".yaml", ".yml", ".toml"))


def read_settings(file: Path) -> tuple[str, Value]:
    """Text and content of a file with settings: what cannot be read is empty and unknown."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            return "", UNKNOWN
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return "", UNKNOWN
    content: object = None
    # A file in the making may hold anything; no parser is trusted to say so in one way.
    with contextlib.suppress(Exception):
        if file.suffix == ".json":
            content = json.loads(text)
        elif file.suffix == ".toml":
            content = _toml(text)
        else:
            import yaml

            content = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return text, content if isinstance(content, (dict, list)) else UNKNOWN


def _toml(text: str) -> object:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)
