#!/bin/sh
# Makes .venv, and makes it anew when its Python is gone or when it was moved here from elsewhere.
# With --check it only answers whether what is there can stay.
set -eu
cd "$(dirname "$0")/.."
check='
import pathlib, sys
import pip
made = [line for line in pathlib.Path(".venv/pyvenv.cfg").read_text().splitlines() if line.startswith("command = ")]
moved = made and not made[0].endswith(str(pathlib.Path(".venv").resolve()))
sys.exit(bool(moved) or sys.version_info < (3, 11))
'
whole=0
.venv/bin/python -c "$check" >/dev/null 2>&1 || whole=1
if [ "${1:-}" = --check ] || [ "$whole" = 0 ]; then
    exit "$whole"
fi
python=$(sh tools/find_python.sh)
echo "theta: making .venv with $python"
rm -rf .venv
if ! "$python" -m venv .venv; then
    rm -rf .venv
    echo "theta: $python cannot make virtual environments; on Debian: apt-get install python3-venv" >&2
    exit 1
fi
