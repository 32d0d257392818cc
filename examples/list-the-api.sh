#!/usr/bin/env bash
# The API describes itself: an OpenAPI document of all that the token can reach, for generators of clients.
set -euo pipefail

curl -s -H "X-Vault-Token: $VAULT_TOKEN" "$VAULT_ADDR/v1/sys/internal/specs/openapi?generic_mount_paths=true" > "${1:-openapi.json}"
jq -r '.paths["/{secret_mount_path}/data/{path}"] | (.get, .post, .patch, .delete).operationId' "${1:-openapi.json}"

# prints:
# kv-v2-read
# kv-v2-write
# kv-v2-patch
# kv-v2-delete
