#!/bin/sh
# ensure_postgres.sh: prints the folder of PostgreSQL's programs, and installs them where there are
# none. The tests start a server of their own from it. Everything else goes to stderr.
set -eu

programs() {
  for program in "$(command -v postgres || true)" /usr/lib/postgresql/*/bin/postgres; do
    folder=$(dirname "$(realpath "$program" 2>/dev/null || true)")
    if [ -x "$folder/postgres" ] && [ -x "$folder/initdb" ]; then
      echo "$folder"
      return
    fi
  done
  return 1
}

programs && exit

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "No PostgreSQL found: installing the system's package" >&2
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update --quiet && apt-get install --quiet --yes postgresql; } >&2 || true
  programs && exit
fi

{
  echo "The tests need PostgreSQL's programs (initdb and postgres), and they could not be installed."
  echo "Install them (on Debian or Ubuntu: sudo apt-get install postgresql), no server has to run."
} >&2
exit 2
