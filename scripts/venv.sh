#!/usr/bin/env bash
# Make a virtual environment: scripts/venv.sh PYTHON FOLDER
set -euo pipefail
python=$1 folder=$2

if ! "$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
    echo "Python 3.10 to 3.13 is needed; found: $("${python:-python3}" --version 2>&1 || true). Name one: make PYTHON=/path/to/python3.11 ..." >&2
    exit 1
fi
if "$python" -m venv "$folder" >/dev/null 2>&1; then exit 0; fi

# Debian and Ubuntu keep what venv needs in a package of its own.
rm -rf "$folder"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    (apt-get update -qq && apt-get install -qq -y "python$version-venv") >/dev/null 2>&1 || true
fi
"$python" -m venv "$folder" || { echo "Install Python's venv module first (Debian: apt-get install python3-venv)." >&2; exit 1; }
