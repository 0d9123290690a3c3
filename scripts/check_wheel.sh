#!/usr/bin/env bash
# check_wheel.sh WHEEL: installs it where there is nothing, neither Node.js nor these sources, and
# asks whether the server extension, the front end and the command line are there.
set -euo pipefail

wheel=$(realpath "$1")
here=$(cd "$(dirname "$0")/.." && pwd)
python=$(realpath "${PYTHON:-$here/.venv/bin/python}")

if [ -z "${NBTRAIL_WITHOUT_NODE:-}" ]; then
  NBTRAIL_WITHOUT_NODE=1 exec "$here/scripts/without_node.sh" "$0" "$wheel"
fi
for program in node npm; do
  if command -v "$program" >/dev/null; then
    echo "$program is on the PATH; this check is meant to run without." >&2
    exit 2
  fi
done

"$python" "$here/scripts/wheel_contents.py" "$wheel"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
"$python" -m venv env
env/bin/python -m pip install --quiet --constraint "$here/constraints.txt" "nbtrail[lab] @ file://$wheel"

# Nothing of the user's own Jupyter configuration takes part.
export HOME=$place/home PATH=$place/env/bin:$PATH PYTHONNOUSERSITE=1
unset PYTHONPATH JUPYTER_PATH JUPYTER_CONFIG_PATH JUPYTER_CONFIG_DIR JUPYTER_DATA_DIR
mkdir "$HOME"

failed=0
expect() {
  local pattern=$1 answer
  shift
  if answer=$("$@" 2>&1) && grep -qE "$pattern" <<<"$answer"; then
    echo "ok: $*"
  else
    printf 'FAILED: %s\nexpected to see: %s\n%s\n' "$*" "$pattern" "$answer" >&2
    failed=1
  fi
}
# The lists are coloured; a dot stands for an escape sequence's characters.
expect 'nbtrail.*enabled' jupyter server extension list
expect 'nbtrail [0-9][^ ]* .*OK' jupyter server extension list
expect 'nbtrail v[0-9].*enabled.*OK' jupyter labextension list
expect '^Usage: nbtrail' nbtrail --help
expect '^Usage: ' jupyter nbtrail --help
expect "^$place/env/" python -c 'import nbtrail; print(nbtrail.__file__)'
exit "$failed"
