#!/bin/sh
# create_venv.sh FOLDER: a virtual environment on the first Python that is new enough.
# $PYTHON, when set, is the only one tried.
set -eu
folder=$1

new_enough='import sys; raise SystemExit(sys.version_info < (3, 10))'
has_venv='import ensurepip, venv'

chosen=
seen=
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.10 python}; do
  command -v "$candidate" >/dev/null 2>&1 || continue
  version=$("$candidate" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) ||
    continue
  seen="$seen $candidate ($version)"
  if "$candidate" -c "$new_enough" 2>/dev/null; then
    if "$candidate" -c "$has_venv" >/dev/null 2>&1; then
      chosen=$candidate
      break
    fi
    seen="$seen without the venv module"
  fi
done

if [ -z "$chosen" ]; then
  {
    echo "nbtrail needs Python 3.10 or newer with its venv module."
    echo "Found:${seen:- no Python}."
    echo "Install one (on Debian or Ubuntu: apt-get install python3 python3-venv), or name one:"
    echo "  make install PYTHON=/path/to/python3"
  } >&2
  exit 2
fi

echo "Creating $folder with $chosen ($version)"
"$chosen" -m venv "$folder"
