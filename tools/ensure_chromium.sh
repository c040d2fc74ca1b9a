#!/bin/sh
# The browser tests drive the system's Chromium; installs it where that can be done.
set -eu
if command -v chromium >/dev/null 2>&1; then
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
    echo "theta: the browser tests need 'chromium' on the PATH; install it (on Debian, as root: apt-get install chromium)." >&2
    exit 1
fi
echo "theta: installing Chromium for the browser tests"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
