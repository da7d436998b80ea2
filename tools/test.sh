#!/bin/sh
# Everything that must hold before a commit lands: lint, types, unit and kernel tests.
set -eu
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH:/usr/sbin:/sbin"

if [ "$(id -u)" != 0 ]; then
  echo 'test: the kernel tests need root (network namespaces, nf_tables); run as root: sudo npm test' >&2
  exit 1
fi
npm run --silent lint
npm run --silent typecheck
npm run --silent build
results=$(mktemp)
status=0
vitest run --reporter=default --reporter=json --outputFile="$results" || status=$?
node tools/count-tests.ts "$results"
rm -f "$results"
exit "$status"
