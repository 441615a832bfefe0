#!/usr/bin/env bash
# run.sh CROSSOVER BUILD: drives the embedded Aerospike cluster of the binary given with other
# clients: the v8 Go client, the Node.js client, and the v7 Go client's own test suite, of which
# a copy is made in the directory BUILD. Servers are stopped whatever comes of that.
set -euo pipefail
crossover=$1
mkdir -p "$2"
build=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
  fi
}
trap 'stop; rm -rf "$out"' EXIT
trap 'exit 130' INT TERM

# start FLAGS: a cluster on a free loopback port; address is its first node.
start() {
  "$crossover" serve aerospike --listen 127.0.0.1:0 --latency off "$@" >"$out/stdout" &
  server=$!
  address=
  for _ in $(seq 100); do
    address=$(sed -n 's/.*"listening":"\([^"]*\)".*/\1/p' "$out/stdout")
    [ -n "$address" ] && return
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  echo "interop: the server did not say where it listens" >&2
  exit 1
}

start --nodes 3 --replication 2
(cd "$here/v8" && go run . "$address")
stop

start --nodes 3 --replication 2
node "$here/node/interop.mjs" "$address"
stop

# The suite of the client that crossover itself uses, of the same version, from Go's module cache.
cd "$here"
module=github.com/aerospike/aerospike-client-go/v7
version=$(go list -m -f '{{.Version}}' "$module")
source=$(go mod download -json "$module@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
rm -rf "$build/suite"
cp -r "$source" "$build/suite"
chmod -R u+w "$build/suite"
(cd "$build/suite" && go test -c -vet=off -o suite.test .)
start --nodes 1 --replication 1
# It fails where this server differs; judge says whether only there.
(cd "$build/suite" && ./suite.test -test.run TestAerospike -hosts="$address" -h="${address%:*}" -p="${address##*:}" \
  -ginkgo.no-color -ginkgo.json-report=report.json >output.txt 2>&1) || true
stop
go run "$here/suite/judge.go" "$build/suite/report.json" "$here/suite/exceptions.txt"
