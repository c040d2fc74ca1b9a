#!/bin/sh
# The tests of TURN use coturn, and network namespaces of Debian's iproute2 and nftables; installs what is missing where
# that can be done. Where it cannot, these tests are skipped and say why.
set -eu
missing=
for each in turnserver:coturn ip:iproute2 nft:nftables; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${each%%:*}" >/dev/null 2>&1 || missing="$missing ${each#*:}"
done
if [ -z "$missing" ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
    echo "theta: the tests of TURN are skipped: not installed:$missing (on Debian, as root: apt-get install$missing)." >&2
    exit 0
fi
echo "theta: installing$missing for the tests of TURN"
apt-get update -qq
# shellcheck disable=SC2086  # a list of packages
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
