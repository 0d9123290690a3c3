#!/bin/sh
# Writes constraints.txt anew: the newest versions that fit together, for every supported Python.
# Names and versions only; where they come from is the business of whoever installs.
set -eu
cd "$(dirname "$0")/.."

command -v uv >/dev/null || {
  echo "uv is needed to write constraints.txt: pip install uv" >&2
  exit 2
}
uv pip compile pyproject.toml --all-extras --group node --group sources --universal \
  --python-version 3.10 --upgrade --quiet --no-header --no-annotate --no-emit-index-url \
  --no-emit-find-links --output-file constraints.txt
