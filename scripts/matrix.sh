#!/usr/bin/env bash
# Tests on each Python from 3.10 to 3.13 that is found here, with the newest packages that pyproject.toml's bounds allow,
# and on 3.11 with the oldest: scripts/matrix.sh [words for the installer...]
# VERSIONS="3.12 3.11-oldest" takes only these, TESTS="tests/unit/corpus tests/fuzz" other tests, KEEP=no removes each environment
# when it is done with. Each gets an environment of its own in .matrix/; constraints.txt is not asked.
set -uo pipefail
mkdir -p .matrix
# Without those that need a browser, a corpus or a model hub; the wheel is made, installed elsewhere and loaded.
tests="${TESTS:-tests/train/test_stored.py tests/train/test_spacy_commands.py tests/packaging/test_wheel.py tests/unit/active
    tests/unit/corpus tests/unit/annotate/test_tasks.py $(echo tests/unit/test_{batching,buckets,context,crf,encoders,kernels,precision,statecache,tags,tokenizer,weighted_loss}.py)}"

make_environment() {
    local python=$1 here=$2 resolution=$3
    shift 3
    # pip has no word for the oldest packages that will do.
    scripts/venv.sh "$python" "$here" && "$here/bin/python" -m pip install --quiet uv &&
        "$here/bin/uv" pip install --quiet --python "$here/bin/python" --resolution "$resolution" "$@" \
            -e ".[app,bioc,package]" "httpx>=0.27" "hypothesis>=6.100" "pytest>=8.2" "pytest-timeout>=2.3" "pip>=24"
}

failed=0
for version in ${VERSIONS:-3.10 3.11 3.12 3.13 3.11-oldest}; do
    name=python${version%-oldest}
    resolution=highest
    [[ $version == *-oldest ]] && resolution=lowest-direct
    python=$(command -v "$name") || { echo "$version: not here"; continue; }
    # A name that a version manager keeps for a Python that is not installed, or not chosen.
    trouble=$("$python" -c "" 2>&1) || { echo "$version: not here ($(head -1 <<< "$trouble"))"; continue; }
    here=.matrix/$version
    if ! make_environment "$python" "$here" "$resolution" "$@" > "$here.log" 2>&1; then
        echo "$version: cannot be installed, see $here.log"
        failed=1
        continue
    fi
    "$here/bin/python" -m pip list --format freeze 2>/dev/null | grep -E '^(numpy|spacy|spacy-transformers|thinc|torch|transformers|scipy|scikit-learn)==' |
        paste -sd ' ' | sed "s/^/$version: /"
    # Packages of other years warn of other things; on the pinned ones the suite takes each warning for an error.
    if "$here/bin/python" -m pytest -q -p no:cacheprovider -o filterwarnings=default $tests >> "$here.log" 2>&1; then
        echo "$version: $(tail -1 "$here.log")"
    else
        echo "$version: failed, $(tail -1 "$here.log"), see $here.log"
        failed=1
    fi
    [[ ${KEEP:-yes} == no ]] && rm -rf "$here"
done
exit $failed
