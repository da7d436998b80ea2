#!/bin/sh
# Makes a fresh Debian or Ubuntu machine ready: npm packages, and the Debian packages that run and test Tortie.
set -eu
cd "$(dirname "$0")/.."

need_packages() {
  missing=''
  for pair in nft:nftables ip:iproute2 iptables:iptables ipset:ipset etcd:etcd-server conntrack:conntrack ping:iputils-ping \
    openssl:openssl bird:bird2 vtysh:frr gobgpd:gobgpd exabgp:exabgp bgpdump:bgpdump; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "setup: installing$missing"
    log=$(mktemp)
    {
      apt-get update -qq || true
      # A started service of etcd or of a routing daemon would take the ports that tests look for; none is needed.
      RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
    } >"$log" 2>&1 || {
      tail -n 5 "$log" >&2
      echo "setup: could not install$missing; install them by hand: apt-get install$missing" >&2
      exit 1
    }
    rm -f "$log"
  else
    echo "setup: these programs are missing; as root run: apt-get install$missing" >&2
    exit 1
  fi
}

need_npm() {
  stamp=node_modules/.tortie-setup
  want=$(cksum <package-lock.json)
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then return 0; fi
  echo 'setup: installing npm packages'
  npm ci --no-fund --no-audit --loglevel=error
  printf '%s' "$want" >"$stamp"
}

need_npm
need_packages
