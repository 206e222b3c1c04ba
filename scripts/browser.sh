#!/usr/bin/env bash
# Have a Chromium for the tests that drive a browser, where that is possible; say so where it is not.
set -u
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium) >/dev/null 2>&1
fi
command -v chromium >/dev/null || echo "No Chromium here: the browser tests will be skipped." >&2
exit 0
