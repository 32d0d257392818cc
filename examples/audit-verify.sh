#!/usr/bin/env bash
# Record requests into a file, check the file, change a letter of it, and see it found.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

arca audit enable -path=example file file_path="$folder/audit.log" >/dev/null
arca kv put secret/examples/audited color=blue >/dev/null
arca read -field=public_key sys/audit/verification-key > "$folder/audit.pem"
arca audit disable example >/dev/null

arca audit verify -public-key="$folder/audit.pem" "$folder/audit.log" | tail -1
sed -i '3s/"time":"2/"time":"3/' "$folder/audit.log"
arca audit verify -public-key="$folder/audit.pem" "$folder/audit.log" | tail -1 || echo "exit code $?"

# prints:
# Intact: … records
# Not intact: 1 of 1 chains broken
# exit code 2
