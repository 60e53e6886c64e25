#!/bin/sh
# Everything: style, types, boundaries, and all tests with real parts. Needs a Debian machine; see scripts/debian-packages.sh.
set -eu
cd "$(dirname "$0")/.."
# Nothing here asks a question.
exec </dev/null

sh scripts/setup.sh
PATH=$PWD/node_modules/.bin:$PATH
sh scripts/debian-packages.sh
npm run --silent lint
npm run --silent typecheck
npm run --silent boundaries
# Built before the tests, so that their time limits count only their own work.
sh lab/systemd-root.sh >/dev/null
sh lab/virtual-machine.sh >/dev/null
# Always the same seed, so that the change and not chance decides, as far as the time allows. Without one, npm run fuzz draws its own.
npm run --silent fuzz -- --seed 1
exec vitest run
