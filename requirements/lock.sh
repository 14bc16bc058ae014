#!/bin/sh
# Resolve every dependency once, for all platforms, with hashes. Our own packages are left out:
# they are installed from this tree.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
own="libs/servicekit services/intake services/routing services/media services/feedback services/metrics deploy/onebox"
overrides=$(mktemp)
trap 'rm -f "$overrides"' EXIT
files=""
skip=""
for folder in $own; do
  files="$files $folder/pyproject.toml"
  skip="$skip --no-emit-package open311-$(basename "$folder")"
  echo "open311-$(basename "$folder") @ file://$PWD/$folder" >> "$overrides"
done
options="--quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11"
# shellcheck disable=SC2086
"$uv" pip compile $options $skip --overrides "$overrides" $files -o requirements/run.lock
# shellcheck disable=SC2086
"$uv" pip compile $options $skip --overrides "$overrides" -c requirements/run.lock $files requirements/dev.in -o requirements/dev.lock
