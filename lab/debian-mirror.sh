#!/bin/sh
# Prints the address of the machine's own Debian mirror, whichever it is.
set -eu

mirror() {
  # shellcheck disable=SC2016 # REPO_URI is apt's
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1
}
if [ -z "$(mirror)" ]; then apt-get --quiet=2 update >&2; fi
uri=$(mirror)
if [ -z "$uri" ]; then
  echo "debian-mirror: apt knows no Debian mirror; add one to the machine's apt sources" >&2
  exit 1
fi
echo "$uri"
