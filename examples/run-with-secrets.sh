#!/usr/bin/env bash
# Start a program with secrets in its environment: nothing is written to disk, nothing stands on a command line.
set -euo pipefail

arca kv put secret/examples/mail MAIL_USER=app MAIL_PASSWORD=correct-horse >/dev/null

with_secrets() {
  local path=$1
  shift
  local line
  while IFS= read -r line; do export "${line?}"; done < <(
    arca kv get -format=json "$path" | jq -r '.data.data | to_entries[] | "\(.key)=\(.value)"'
  )
  exec "$@"
}

(with_secrets secret/examples/mail node -e 'console.log(`mail as ${process.env.MAIL_USER}, ${process.env.MAIL_PASSWORD.length} characters`)')

# prints:
# mail as app, 13 characters
