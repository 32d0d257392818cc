#!/bin/sh
# Makes what compose.yaml reads beside it: the key of the seal, unless there is one, and certificates for nodes (tls/) and stores
# (tls-store/) for a year, of an authority whose key is thrown away. Run it again for new ones, then start all containers anew.
set -eu
cd "$(dirname "$0")"
umask 077
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir -p tls tls-store

# Whoever loses it loses the store: it is never replaced.
[ -s seal.key ] || openssl rand -out seal.key 32

new="req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl $new -x509 -days 365 -subj "/CN=Arca on one machine" -keyout "$work/ca.key" -out tls/ca.pem 2>"$work/said"

# issue FILE NAMES
issue() {
  openssl $new -subj "/CN=arca" -keyout "$1.key" -out "$work/request.pem" 2>"$work/said"
  echo "subjectAltName=$2" >"$work/names"
  openssl x509 -req -in "$work/request.pem" -CA tls/ca.pem -CAkey "$work/ca.key" -CAcreateserial -CAserial "$work/serial" \
    -days 365 -extfile "$work/names" -out "$1.pem" 2>"$work/said"
}
issue tls/node DNS:localhost,IP:127.0.0.1,DNS:p1,DNS:p2,DNS:p3,DNS:e1,DNS:e2,DNS:e3
issue tls-store/store DNS:postgresql,DNS:etcd1,DNS:etcd2,DNS:etcd3
cp tls/ca.pem tls-store/ca.pem
chmod 755 tls tls-store
chmod 644 tls/*.pem tls-store/*.pem

# Arca runs as 65532, PostgreSQL as 70 and asks that its key is its own; etcd is root.
if [ "$(id -u)" = 0 ]; then
  chown -R 65532:65532 seal.key tls
  chown -R 70:70 tls-store
else
  echo "Not root: where containers see this machine's owners, chown -R 65532 seal.key tls, and chown -R 70 tls-store" >&2
fi
