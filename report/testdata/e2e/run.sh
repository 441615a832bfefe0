#!/usr/bin/env bash
# Runs a short comparison, then opens its report and the golden ones in headless Chromium.
# Screenshots go to build/screenshots.
set -euo pipefail
crossover=$1
cd "$(dirname "$0")"
top=$(cd ../../.. && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
code=0
"$crossover" run "$top/scenarios/hot-key-demo.yaml" --for 6s --items 2000 --out "$out/run" || code=$?
case $code in
0 | 3 | 4) ;;
*) exit "$code" ;;
esac
node open.mjs "$out/run/report.html" "$top/build/screenshots"
opened=0
for golden in ../*.html; do
  name=$(basename "$golden" .html)
  mkdir -p "$out/$name"
  cp "$golden" "$out/$name/report.html"
  node open.mjs "$out/$name/report.html" "$top/build/screenshots"
  opened=$((opened + 1))
done
[ "$opened" -ge 5 ] || { echo "opened $opened golden reports, expected 5" >&2; exit 1; }

# The page of the embedded DynamoDB server, while a table is hot.
"$crossover" serve dynamodb --listen 127.0.0.1:0 --latency off >"$out/server" &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -rf "$out"' EXIT
address=
for _ in $(seq 100); do
  address=$(sed -n 's/.*"listening":"\([^"]*\)".*/\1/p' "$out/server")
  [ -n "$address" ] && break
  sleep 0.1
done
[ -n "$address" ] || { echo "e2e: the server did not say where it listens" >&2; exit 1; }
node heat.mjs "http://$address" "$top/build/screenshots"
