#!/bin/sh
# demo.sh: the example project, run and verified in a folder of its own, then opened in JupyterLab.
# LAB=0 stops before JupyterLab. `make` has put the virtual environment first on the PATH.
set -eu
cd "$(dirname "$0")/.."

if [ -d demo ]; then
  echo "Using demo/ as it is (make clean-demo for a fresh copy of examples/)."
else
  cp -R examples demo.new
  rm -rf demo.new/.nbtrail demo.new/.ipynb_checkpoints
  mv demo.new demo
fi

say() {
  printf '\n=== %s\n' "$*"
  "$@"
}
say nbtrail -C demo graph
say nbtrail -C demo run
say nbtrail -C demo verify

[ "${LAB:-1}" = 0 ] && exit 0

# A workspace of the demo's own has the panel in view and leaves the user's layout alone.
JUPYTERLAB_WORKSPACES_DIR=$PWD/.demo/workspaces
export JUPYTERLAB_WORKSPACES_DIR
jupyter lab workspaces import --name=default scripts/demo-workspace.json >/dev/null

set -- --ServerApp.root_dir="$PWD/demo"
[ "$(id -u)" = 0 ] && set -- "$@" --allow-root
if [ "$(uname)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  set -- "$@" --no-browser
fi
printf '\n=== JupyterLab: open the address below; Ctrl+C twice ends it.\n'
exec jupyter lab "$@"
