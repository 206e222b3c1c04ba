#!/usr/bin/env bash
# A smoke test on each Python from 3.10 to 3.13 that is found here: scripts/matrix.sh [pip's words...]
# VERSIONS="3.12 3.13" takes only these. Each gets an environment of its own in .matrix/; pyproject.toml's bounds decide the versions, not constraints.txt.
set -uo pipefail
mkdir -p .matrix

make_environment() {
    local python=$1 here=$2
    shift 2
    scripts/venv.sh "$python" "$here" &&
        "$here/bin/python" -m pip install --quiet "$@" -e ".[app]" httpx hypothesis pytest pytest-timeout
}

failed=0
for version in ${VERSIONS:-3.10 3.11 3.12 3.13}; do
    python=$(command -v "python$version") || { echo "$version: not here"; continue; }
    # A name that a version manager keeps for a Python that is not installed.
    "$python" -c "" 2>/dev/null || { echo "$version: not here"; continue; }
    here=.matrix/$version
    if ! make_environment "$python" "$here" "$@" > "$here.log" 2>&1; then
        echo "$version: cannot be installed, see $here.log"
        failed=1
        continue
    fi
    if "$here/bin/python" -m pytest -q -p no:cacheprovider tests/train/test_stored.py tests/unit/test_crf.py \
        tests/unit/test_tags.py tests/unit/test_tokenizer.py tests/unit/corpus/test_roundtrip.py tests/unit/annotate/test_tasks.py \
        >> "$here.log" 2>&1; then
        echo "$version: $(tail -1 "$here.log")"
    else
        echo "$version: failed, see $here.log"
        failed=1
    fi
done
exit $failed
