#!/bin/sh
# Says clearly when Node (20.19 or newer, as vite asks) or npm is not there.
version=$(node --version 2>/dev/null || echo none)
if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null; then
    echo "theta: the page is built with Node 20.19 or newer; found: $version." >&2
    echo "theta: install it, or put the newer one first on the PATH." >&2
    exit 1
fi
if ! command -v npm >/dev/null 2>&1; then
    echo "theta: npm is missing beside node $version; on Debian: apt-get install npm" >&2
    exit 1
fi
