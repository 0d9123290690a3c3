#!/bin/sh
# source_environments.sh VENV: two environments below VENV for the tests of the recorder's sources.
# sources/ is VENV with what would change JupyterLab for everybody if it were installed there;
# bare/ has ipykernel and nothing of nbtrail's.
set -eu
venv=$1
python=$venv/bin/python
folder='import sysconfig; print(sysconfig.get_path("purelib"))'

wanted() {
  "$python" - "$1" <<'END'
import sys

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib
with open("pyproject.toml", "rb") as file:
    print("\n".join(tomllib.load(file)["dependency-groups"][sys.argv[1]]))
END
}

rm -rf "$venv/sources" "$venv/bare"

"$python" -m venv "$venv/bare"
"$venv/bare/bin/python" -m pip install --quiet --constraint constraints.txt ipykernel &
bare=$!

"$python" -m venv --without-pip "$venv/sources"
outer=$("$python" -c "$folder")
inner=$("$venv/sources/bin/python" -c "$folder")
# What VENV has is there, too; pip, which is among it, adds only what is missing.
printf 'import site; site.addsitedir(%s)\n' "'$outer'" >"$inner/outer.pth"
wanted sources >"$venv/sources/requirements.txt"
"$venv/sources/bin/python" -m pip install --quiet --constraint constraints.txt \
  --requirement "$venv/sources/requirements.txt"
wait "$bare"
