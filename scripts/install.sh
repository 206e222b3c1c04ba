#!/usr/bin/env bash
# Install bioactive and an encoder: scripts/install.sh PYTHON EXTRAS ENCODER [pip's words...]
set -euo pipefail
python=$1 extras=$2 encoder=$3
shift 3

# The pins were made on Python 3.11; elsewhere pyproject.toml's bounds decide.
pins=()
if "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then pins=(-c constraints.txt); fi

echo "Setting up .venv (once; torch makes it a large download)" >&2
# An index or folder that cannot be reached is worth no words as long as another one has the package.
pip() { "$python" -m pip install --quiet "$@" 2> >(grep -v "is ignored: it is neither a file nor a directory" >&2); }
pip "$@" ${pins[@]+"${pins[@]}"} -e ".[$extras]"
# Its declared dependencies want another transformers and are not used; see [demo] in pyproject.toml.
pip "$@" --no-deps "$encoder"
