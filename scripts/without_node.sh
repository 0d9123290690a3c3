#!/usr/bin/env bash
# without_node.sh COMMAND...: runs a command with every other program of the PATH, but no Node.js.
# A folder that holds Node.js is replaced by one of links to all else in it.
set -euo pipefail

shadow=$(mktemp -d)
trap 'rm -rf "$shadow"' EXIT
path=
count=0
IFS=: read -ra folders <<<"$PATH"
for folder in "${folders[@]}"; do
  if compgen -G "$folder/node*" >/dev/null || [ -e "$folder/npm" ]; then
    count=$((count + 1))
    mkdir "$shadow/$count"
    find -H "$folder" -maxdepth 1 -mindepth 1 \
      ! -name 'node' ! -name 'nodejs' ! -name 'npm' ! -name 'npx' ! -name 'corepack' \
      -exec ln -s -t "$shadow/$count" {} +
    folder=$shadow/$count
  fi
  path=$path${path:+:}$folder
done
PATH=$path "$@"
