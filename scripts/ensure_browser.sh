#!/bin/sh
# ensure_browser.sh: prints the path of a Chromium that starts, and installs one where there is
# none. Everything else goes to stderr.
set -eu
cd "$(dirname "$0")/../ui-tests"

starts() {
  [ -n "$1" ] && "$1" --version >/dev/null 2>&1
}

if [ -n "${CHROMIUM_PATH:-}" ]; then
  if starts "$CHROMIUM_PATH"; then
    echo "$CHROMIUM_PATH"
    exit 0
  fi
  echo "CHROMIUM_PATH is $CHROMIUM_PATH, which does not start. Correct it or unset it." >&2
  exit 2
fi

on_path() {
  for name in chromium google-chrome google-chrome-stable chromium-browser; do
    found=$(command -v "$name" || true)
    if starts "$found"; then
      echo "$found"
      return
    fi
  done
  return 1
}

# Playwright's own browser, where it was downloaded and finds its system libraries.
playwrights() {
  found=$(node -p 'require("playwright-core").chromium.executablePath()' 2>/dev/null || true)
  starts "$found" && echo "$found"
}

on_path && exit
playwrights && exit

echo "No Chromium found: downloading Playwright's" >&2
PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT=20000 jlpm playwright install chromium >&2 || true
playwrights && exit

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing the system's chromium package" >&2
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update --quiet && apt-get install --quiet --yes chromium; } >&2 || true
  on_path && exit
fi

{
  echo "The browser tests need Chromium or Google Chrome, and none could be installed."
  echo "Install one (on Debian: sudo apt-get install chromium), or name one:"
  echo "  make test CHROMIUM_PATH=/path/to/chromium"
} >&2
exit 2
