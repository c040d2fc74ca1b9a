#!/bin/sh
# Prints a Python of at least 3.11, or says clearly that there is none. PYTHON=... names one to try first.
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        command -v "$candidate"
        exit 0
    fi
done
echo "theta: no Python 3.11 or newer found (python3 is: $(python3 --version 2>&1 || echo missing))." >&2
echo "theta: install one, or name it: make PYTHON=/path/to/python3.11" >&2
exit 1
