#!/usr/bin/env bash
# Write the lock files anew, with a SHA-256 of each file that the public index has: scripts/lock.sh PYTHON [uv's words...]
# One list for Python 3.10 to 3.13 and every platform, as markers; on 3.11 the versions of constraints.txt.
# torch, and what it alone brings, has a file of its own: a CPU build has other hashes, and is installed beside the rest.
set -euo pipefail
python=$1
shift
"$python" -m pip install --quiet uv
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
grep -v '^#' constraints.txt | sed 's/$/ ; python_version == "3.11"/' > "$work/pins"
"$python" -m uv pip compile --quiet "$@" pyproject.toml --extra dev --extra questions --extra ray --extra fuzz --universal \
    --python-version 3.10 --constraints "$work/pins" --generate-hashes --no-annotate --no-header --no-emit-index-url -o "$work/all"
torch='^(torch|triton|nvidia-[a-z0-9-]*|cuda-[a-z0-9-]*)=='
# A package is its line and the indented ones after it.
awk -v torch="$torch" '/^[^ ]/ { own = ($0 ~ torch) } !own' "$work/all" > requirements.lock
awk -v torch="$torch" '/^[^ ]/ { own = ($0 ~ torch) } own' "$work/all" > requirements-torch.lock
