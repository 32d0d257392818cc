#!/usr/bin/env bash
# People log in with a name and a password; the token is kept in ~/.vault-token, or printed for a script.
set -euo pipefail

arca auth enable -path=example-people userpass >/dev/null
arca write auth/example-people/users/ann password=correct-horse token_policies=default token_ttl=8h >/dev/null

token=$(arca login -method=userpass -path=example-people -token-only username=ann password=correct-horse)
VAULT_TOKEN=$token arca token lookup -format=json | jq -r '.data | "\(.display_name), \(.policies | join(" ")), \(.creation_ttl) s"'

# prints:
# example-people-ann, default, 28800 s
