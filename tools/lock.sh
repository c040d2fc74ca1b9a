#!/bin/sh
# Pins every package by exact version and hash. The locks name no host: where packages come from is pip's own setting.
set -eu
cd "$(dirname "$0")/.."
export CUSTOM_COMPILE_COMMAND="make lock"
for name in build runtime dev; do
    .venv/bin/python -m piptools compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
        --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --resolver=backtracking \
        --output-file="requirements/$name.txt" "requirements/$name.in" "$@"
done
