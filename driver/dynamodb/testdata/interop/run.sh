#!/usr/bin/env bash
# Starts the embedded DynamoDB of the binary given on a free loopback port, drives it with the
# AWS SDK for JavaScript v3, and stops it whatever comes of that.
set -euo pipefail
crossover=$1
cd "$(dirname "$0")"
out=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$out"
}
trap stop EXIT
trap 'exit 130' INT TERM

"$crossover" serve dynamodb --listen 127.0.0.1:0 --ttl-within 1s >"$out/stdout" &
server=$!
address=
for _ in $(seq 100); do
  address=$(sed -n 's/.*"listening":"\([^"]*\)".*/\1/p' "$out/stdout")
  [ -n "$address" ] && break
  kill -0 "$server" 2>/dev/null || { echo "interop: the server ended before it listened" >&2; exit 1; }
  sleep 0.1
done
[ -n "$address" ] || { echo "interop: the server did not say where it listens" >&2; exit 1; }
node interop.mjs "http://$address"
node more.mjs "http://$address"
command -v aws >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends awscli; }
./cli.sh "http://$address"
