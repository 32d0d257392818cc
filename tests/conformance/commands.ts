/** The commands of cli.test.ts, in order: what is typed, and what the unmodified command line must make of the replies. */

export interface Command {
  /** What is typed after the binary's name. `$name` stands for a value that an earlier command kept. */
  line: string
  /** The exit code; 0 if absent. */
  code?: number
  /** What stdout (or, after a failure, stderr) must match. */
  shows?: RegExp
  /** JSON fields of stdout to keep: name → path, as in "auth.client_token". */
  keep?: Record<string, string>
  /** Sent on stdin. */
  stdin?: string
  /** Files in `$dir` that are there before it runs; `$name` stands for what it stands for in the line. */
  files?: Record<string, string>
  /** Another token than the root's. */
  token?: string
  /** Stands on the agent, which ours does not have. */
  agent?: true
}

const rules = 'path "secret/data/app" {\n  capabilities = ["read"]\n}\n'

const kv: Command[] = [
  { line: "status", shows: /Sealed\s+false/ },
  { line: "status -format=json", shows: /"initialized": true/ },
  { line: "secrets enable -path=secret kv-v2", shows: /Enabled the kv-v2 secrets engine at: secret\// },
  { line: "secrets enable -path=secret kv-v2", code: 2, shows: /path is already in use at secret\// },
  { line: "secrets list", shows: /secret\/\s+kv\s+kv_[0-9a-f]{8}/ },
  { line: "secrets list -detailed -format=json", shows: /"version": "2"/ },
  { line: "kv put secret/app user=ann pass=one", shows: /secret\/data\/app[\s\S]*version\s+1/ },
  { line: "kv put -mount=secret app user=ann pass=two", shows: /version\s+2/ },
  { line: "kv get secret/app", shows: /pass\s+two/ },
  { line: "kv get -field=pass -version=1 secret/app", shows: /^one\n?$/ },
  { line: "kv get -mount=secret -format=json app", shows: /"pass": "two"/ },
  {
    line: "kv put -cas=0 secret/app user=bob",
    code: 2,
    shows: /check-and-set parameter did not match the current version/,
  },
  { line: "kv put -cas=2 secret/app user=ann pass=three", shows: /version\s+3/ },
  { line: "kv patch secret/app more=x", shows: /version\s+4/ },
  { line: "kv patch -method=rw secret/app more=y", shows: /version\s+5/ },
  { line: "kv get -field=more secret/app", shows: /^y\n?$/ },
  { line: "kv metadata put -custom-metadata=owner=ann -max-versions=20 secret/app", shows: /Success! Data written to/ },
  { line: "kv metadata patch -custom-metadata=team=core secret/app", shows: /Success! Data written to/ },
  { line: "kv metadata get secret/app", shows: /custom_metadata\s+map\[owner:ann team:core\]/ },
  { line: "kv list secret", shows: /Keys\n----\napp/ },
  { line: "kv list secret/none", code: 2, shows: /No value found at secret\/metadata\/none/ },
  { line: "kv delete secret/app", shows: /Success! Data deleted/ },
  { line: "kv get secret/app", shows: /deletion_time\s+2/ },
  { line: "kv undelete -versions=5 secret/app", shows: /Success! Data written to: secret\/undelete\/app/ },
  { line: "kv destroy -versions=1 secret/app", shows: /Success! Data written to: secret\/destroy\/app/ },
  { line: "kv rollback -version=2 secret/app", shows: /version\s+6/ },
  { line: "kv get -field=pass secret/app", shows: /^two\n?$/ },
  { line: "kv get secret/none", code: 2, shows: /No value found at secret\/data\/none/ },
  { line: "secrets enable -path=kv1 -version=1 kv" },
  { line: "kv put kv1/app a=b", shows: /Success! Data written to: kv1\/app/ },
  { line: "kv get kv1/app", shows: /a\s+b/ },
  { line: "kv list kv1", shows: /app/ },
  { line: "kv delete kv1/app", shows: /Success! Data deleted/ },
  { line: "write kv1/app a=b n=7", shows: /Success! Data written to: kv1\/app/ },
  { line: "read -field=n kv1/app", shows: /^7\n?$/ },
  { line: "read -format=yaml kv1/app", shows: /lease_duration: 2764800/ },
  { line: "list -format=json kv1", shows: /\[\s*"app"\s*\]/ },
  { line: "list -format=json kv1/none", code: 2, shows: /^\{\}\n?$/ },
  { line: "delete kv1/app", shows: /Success! Data deleted \(if it existed\) at: kv1\/app/ },
  { line: "read kv1/app", code: 2, shows: /No value found at kv1\/app/ },
]

const access: Command[] = [
  { line: "policy write reader -", stdin: rules, shows: /Success! Uploaded policy: reader/ },
  { line: "policy read reader", shows: /capabilities = \["read"\]/ },
  { line: "policy list", shows: /default\n(.*\n)*reader\nroot/ },
  { line: "policy write broken -", stdin: "path {{{", code: 2, shows: /400/ },
  { line: "policy delete reader-not-there", shows: /Success! Deleted policy/ },
  { line: "policy read none", code: 2, shows: /No policy named: none/ },
  {
    line: "token create -policy=reader -ttl=1h -display-name=x -format=json",
    keep: { one: "auth.client_token", accessor: "auth.accessor" },
  },
  { line: "token lookup $one", shows: /display_name\s+token-x/ },
  { line: "token lookup -accessor $accessor", shows: /id\s+n\/a/ },
  { line: "token capabilities $one secret/data/app", shows: /^read\n?$/ },
  { line: "token renew -increment=2h $one", shows: /token_duration\s+2h/ },
  { line: "token revoke $one", shows: /Success! Revoked token/ },
  { line: "token lookup $one", code: 2, shows: /bad token/ },
  { line: "token create -type=batch -policy=reader -format=json", shows: /"token_type": "batch"|"renewable": false/ },
  { line: "auth enable -description=people userpass", shows: /Enabled userpass auth method at: userpass\// },
  { line: "auth list", shows: /userpass\/\s+userpass\s+auth_userpass_[0-9a-f]{8}\s+people/ },
  { line: "auth tune -default-lease-ttl=1h userpass/", shows: /Success! Tuned the auth method at: userpass\// },
  { line: "write auth/userpass/users/ann password=pw token_policies=reader", shows: /Success! Data written/ },
  { line: "login -no-store -method=userpass -format=json username=ann password=pw", shows: /"username": "ann"/ },
  { line: "login -no-store -method=userpass username=ann password=no", code: 2, shows: /invalid username or password/ },
  { line: "auth help userpass", shows: /userpass/i },
  { line: "auth disable userpass", shows: /Success! Disabled the auth method/ },
]

/** What scripts and pipelines do with key/value, beyond the tutorials. */
const scripts: Command[] = [
  {
    line: "kv put secret/json @$dir/data.json",
    files: { "data.json": '{"a":{"b":1},"n":7000000000000001,"l":[1,2],"z":null}' },
    shows: /version\s+1/,
  },
  { line: "kv get -field=a secret/json", shows: /^map\[b:1\]\n?$/ },
  { line: "kv get -format=json -field=l secret/json", shows: /\[\s*1,\s*2\s*\]/ },
  { line: "kv get -format=yaml secret/json", shows: /"?n"?: 7000000000000001/ },
  { line: "kv put secret/stdin -", stdin: '{"x":"y"}', shows: /version\s+1/ },
  { line: "kv put secret/field pass=-", stdin: "two words", shows: /version\s+1/ },
  { line: "kv get -field=pass secret/field", shows: /^two words\n?$/ },
  { line: "kv put secret/file pass=@$dir/pass.txt", files: { "pass.txt": "from a file" }, shows: /version\s+1/ },
  { line: "kv get -field=pass secret/file", shows: /^from a file\n?$/ },
  { line: "kv put secret/empty", code: 1, shows: /Must supply data/ },
  { line: "kv metadata put -cas-required -delete-version-after=3h25m19s secret/json", shows: /Success! Data written/ },
  { line: "kv put secret/json a=1", code: 2, shows: /check-and-set parameter required for this call/ },
  { line: "kv metadata get secret/json", shows: /delete_version_after\s+3h25m19s/ },
  { line: "kv patch -remove-data=z -cas=1 secret/json", shows: /version\s+2/ },
  { line: "kv patch secret/none b=4", code: 2, shows: /Code: 404/ },
  { line: "kv get -version=99 secret/json", code: 2, shows: /No value found at secret\/data\/json/ },
  { line: "kv delete -versions=1,2 secret/json", shows: /Success! Data deleted/ },
  { line: "kv metadata delete secret/json", shows: /Success! Data deleted/ },
  { line: "kv put secret/deep/er/x a=b", shows: /version\s+1/ },
  { line: "kv list -format=json secret/deep", shows: /\[\s*"er\/"\s*\]/ },
  { line: "kv get -output-policy secret/file", shows: /path "secret\/data\/file" \{\s*capabilities = \["read"\]/ },
  { line: "kv get -output-curl-string secret/file", shows: /^curl .*\/v1\/secret\/data\/file/ },
  { line: "kv get -wrap-ttl=60 -format=json secret/file", shows: /"creation_path": "secret\/data\/file"/ },
  { line: "secrets enable -path=late -version=1 -default-lease-ttl=30m -max-lease-ttl=1h kv" },
  { line: "kv put late/x a=b", shows: /Success! Data written to: late\/x/ },
  { line: "kv enable-versioning late", shows: /Success! Tuned the secrets engine at: late\// },
  // The command line sends an empty TTL for what was not asked for; that must change nothing.
  { line: "read -field=max_lease_ttl sys/mounts/late/tune", shows: /^(3600|1h)\n?$/ },
  { line: "kv get -mount=late -field=a x", shows: /^b\n?$/ },
  { line: "secrets disable late" },
  { line: "patch -format=json secret/metadata/file max_versions=3" },
  { line: "read -format=json sys/seal-status", shows: /"sealed": false/ },
  { line: "list sys/policies/acl", shows: /default/ },
  { line: "read nowhere/at/all", code: 2, shows: /No value found at nowhere\/at\/all/ },
  { line: "write nowhere/at/all a=b", code: 2, shows: /no handler for route/ },
  { line: "policy fmt $dir/p.hcl", files: { "p.hcl": 'path "a" { capabilities = ["read","list"] }' } },
  { line: "policy write app $dir/p.hcl", shows: /Success! Uploaded policy: app/ },
  { line: "policy read app", shows: /path "a" \{\n\s+capabilities = \["read", "list"\]/ },
  { line: "policy delete default", code: 2, shows: /cannot delete "?default"? policy/ },
]

/** Applications that log in by AppRole, and the agent that does it for them. */
const machines: Command[] = [
  { line: "auth enable -max-lease-ttl=2h approle", shows: /Enabled approle auth method at: approle\// },
  {
    line: "write auth/approle/role/app token_policies=reader token_ttl=20m token_max_ttl=1h secret_id_num_uses=3",
    shows: /Success! Data written to: auth\/approle\/role\/app/,
  },
  { line: "read auth/approle/role/app", shows: /token_policies\s+\[reader\]/ },
  { line: "list auth/approle/role", shows: /Keys\n----\napp/ },
  { line: "read -format=json auth/approle/role/app/role-id", keep: { role: "data.role_id" } },
  {
    line: "write -f -format=json auth/approle/role/app/secret-id metadata=team=core",
    keep: { secret: "data.secret_id", secretAccessor: "data.secret_id_accessor" },
  },
  {
    line: "write auth/approle/role/app/secret-id-accessor/lookup secret_id_accessor=$secretAccessor",
    shows: /metadata\s+map\[team:core\]/,
  },
  {
    line: "write auth/approle/login role_id=$role secret_id=wrong",
    code: 2,
    shows: /invalid role or secret ID/,
  },
  {
    line: "write -format=json auth/approle/login role_id=$role secret_id=$secret",
    keep: { machine: "auth.client_token" },
  },
  { line: "token lookup", token: "$machine", shows: /role_name:app team:core|team:core/ },
  { line: "kv get -field=pass secret/app", token: "$machine", shows: /^two\n?$/ },
  { line: "kv put secret/app a=b", token: "$machine", code: 2, shows: /permission denied|preflight capability check/ },
  { line: "token capabilities secret/data/app", token: "$machine", shows: /^read\n?$/ },
  { line: "token renew", token: "$machine", shows: /token_duration\s+20m/ },
  {
    line: "agent -exit-after-auth -config=$dir/agent.hcl",
    agent: true,
    files: {
      role: "$role",
      secret: "$secret",
      "pass.tmpl": '{{ with secret "secret/data/app" }}{{ .Data.data.pass }}{{ end }}',
      "agent.hcl": `auto_auth {
  method "approle" {
    config = { role_id_file_path = "$dir/role", secret_id_file_path = "$dir/secret", remove_secret_id_file_after_reading = false }
  }
  sink "file" { config = { path = "$dir/agent-token" } }
}
template {
  source = "$dir/pass.tmpl"
  destination = "$dir/pass.out"
}
`,
    },
  },
  { line: "write kv-not-there/x pass=@$dir/pass.out", agent: true, code: 2, shows: /no handler for route/ },
  { line: "kv put secret/rendered pass=@$dir/pass.out", agent: true, shows: /version\s+1/ },
  { line: "kv get -field=pass secret/rendered", agent: true, shows: /^two\n?$/ },
  { line: "token revoke -self", token: "$machine", shows: /Success! Revoked token/ },
  { line: "token lookup", token: "$machine", code: 2, shows: /permission denied|bad token/ },
  { line: "auth disable approle", shows: /Success! Disabled the auth method/ },
]

/** Tokens with every flag, and token roles. */
const tokens: Command[] = [
  {
    line: "token create -policy=reader -policy=default -no-default-policy -orphan -period=24h -explicit-max-ttl=48h -use-limit=5 -metadata=a=b -renewable=false",
    shows: /policies\s+\["?reader"?\]/,
  },
  { line: "token create -id=my-own-id -ttl=1h", shows: /token\s+my-own-id/ },
  { line: "token create -id=my-own-id -ttl=1h", code: 2, shows: /cannot create a token with a duplicate ID/ },
  { line: "token create -wrap-ttl=60 -policy=reader -format=json", keep: { parcel: "wrap_info.token" } },
  { line: "write sys/wrapping/lookup token=$parcel", shows: /creation_path\s+auth\/token\/create/ },
  { line: "write -format=json sys/wrapping/rewrap token=$parcel", keep: { again: "wrap_info.token" } },
  { line: "unwrap -format=json", token: "$again", keep: { made: "auth.client_token" } },
  { line: "token lookup $made", shows: /policies\s+\[default reader\]/ },
  { line: "write auth/token/roles/robot allowed_policies=reader orphan=true token_period=1h" },
  { line: "token create -role=robot -policy=reader", shows: /token_duration\s+1h/ },
  { line: "token create -role=robot -policy=other", code: 2, shows: /must be subset of the role's allowed policies/ },
  { line: "token create -role=none", code: 2, shows: /unknown role none/ },
  { line: "token create -type=nope", code: 2, shows: /Code: 400/ },
  {
    line: "token create -policy=reader -ttl=1h -format=json",
    keep: { kid: "auth.client_token", kidKey: "auth.accessor" },
  },
  { line: "token renew -accessor $kidKey", shows: /token_accessor/ },
  { line: "token revoke -accessor $kidKey", shows: /Success! Revoked token/ },
  { line: "token lookup", token: "not-a-token", code: 2, shows: /permission denied/ },
  { line: "list auth/token/accessors", shows: /Keys/ },
  { line: "login -no-store $made", shows: /token_policies\s+\["default" "reader"\]/ },
  { line: "login -no-store none-such", code: 2, shows: /Error authenticating: error looking up token/ },
  { line: "print token", token: "$made", shows: /^hvs\.|^s\./ },
]

/** Identity, quotas, password policies and tools, as `write` and `read` reach them. */
const things: Command[] = [
  { line: "write -format=json identity/entity name=bob policies=reader metadata=team=x", keep: { entity: "data.id" } },
  { line: "read identity/entity/id/$entity", shows: /metadata\s+map\[team:x\]/ },
  { line: "auth enable -path=people userpass" },
  { line: "read -format=json sys/auth/people", keep: { people: "data.accessor" } },
  { line: "write identity/entity-alias name=ann canonical_id=$entity mount_accessor=$people" },
  { line: "write identity/group name=g member_entity_ids=$entity policies=default" },
  { line: "write identity/lookup/entity name=bob", shows: /name\s+bob/ },
  { line: "list identity/group/name", shows: /\ng/ },
  { line: "write auth/people/users/ann password=pw" },
  {
    line: "login -no-store -method=userpass -path=people username=ann password=pw",
    shows: /identity_policies\s+\["default" "reader"\]|identity_policies\s+\["reader"\]/,
  },
  { line: "login -no-store -token-only -method=userpass -path=people username=ann password=pw", shows: /^(hvs|s)\./ },
  {
    line: "login -output-curl-string -method=userpass -path=people username=ann password=pw",
    shows: /^curl -X PUT .*"password":"pw".*\/v1\/auth\/people\/login\/ann/,
  },
  { line: "login -no-store -method=nope username=ann", code: 1, shows: /Unknown auth method: nope/ },
  {
    line: "auth move auth/people auth/folks",
    shows: /Success! Finished moving auth method auth\/people\/ to auth\/folks\//,
  },
  { line: "auth disable folks" },
  {
    line: "write sys/policies/password/pp policy=@$dir/pp.hcl",
    files: { "pp.hcl": 'length = 20\nrule "charset" {\n  charset = "abc"\n}\n' },
  },
  { line: "read -field=password sys/policies/password/pp/generate", shows: /^[abc]{20}\n?$/ },
  { line: "write sys/quotas/rate-limit/rl path=secret rate=1000 interval=1s" },
  { line: "read sys/quotas/rate-limit/rl", shows: /rate\s+1000/ },
  { line: "delete sys/quotas/rate-limit/rl" },
  { line: "write -field=sum sys/tools/hash/sha2-256 input=YWJj", shows: /^ba7816bf8f01cfea/ },
  { line: "write -f -field=random_bytes sys/tools/random/8 format=hex", shows: /^[0-9a-f]{16}\n?$/ },
  { line: "plugin list secret", shows: /kv/ },
  { line: "plugin info secret kv", shows: /builtin\s+true/ },
  { line: "version-history", shows: /Build Date|Commit Date/ },
  { line: "operator members", shows: /Host Name/ },
]

const system: Command[] = [
  {
    line: "secrets tune -description=small -max-lease-ttl=1h kv1",
    shows: /Success! Tuned the secrets engine at: kv1\//,
  },
  { line: "secrets move kv1 kv3", shows: /Success! Finished moving secrets engine kv1\/ to kv3\// },
  { line: "secrets disable kv3", shows: /Success! Disabled the secrets engine/ },
  { line: "read -wrap-ttl=5m -format=json secret/data/app", keep: { wrapped: "wrap_info.token" } },
  { line: "unwrap -field=data $wrapped", shows: /pass:two/ },
  { line: "unwrap $wrapped", code: 2, shows: /wrapping token is not valid or does not exist/ },
  { line: "write -f -wrap-ttl=1m sys/tools/random/8", shows: /wrapping_token:/ },
  {
    line: "audit enable -path=log file file_path=$dir/cli-audit.log",
    shows: /Enabled the file audit device at: log\//,
  },
  { line: "audit list -detailed", shows: /log\/\s+file/ },
  { line: "audit disable log", shows: /Success! Disabled audit device/ },
  { line: "audit list", code: 2, shows: /No audit devices are enabled/ },
  { line: "lease lookup secret/none/abc", code: 2, shows: /invalid lease/ },
  { line: "lease revoke -prefix kv1", shows: /success|All revocation operations queued/i },
  { line: "lease revoke -prefix kv1/", shows: /All revocation operations queued/i },
  { line: "lease revoke -force -prefix kv1/", shows: /Success! Force revoked any leases with prefix: kv1\// },
  { line: "token revoke -mode=path auth/nobody/", shows: /Success! Revoked token/ },
  { line: "path-help secret", shows: /arbitrary secrets/ },
  { line: "namespace create team", shows: /path\s+team\// },
  { line: "namespace list", shows: /team\// },
  {
    line: "namespace delete team",
    shows: /Success! Namespace (deleted at|deletion scheduled): team\/|status\s+in-progress/,
  },
  { line: "operator key-status", shows: /Key Term\s+1/ },
  { line: "operator rotate", shows: /Success! Rotated key/ },
  { line: "operator rekey -status", shows: /Started\s+false/ },
  { line: "operator rekey -init -key-shares=1 -key-threshold=1", shows: /Started\s+true/ },
  { line: "operator rekey -cancel", shows: /Success! Canceled rekeying/ },
  {
    line: "operator generate-root",
    code: 1,
    shows: /No root generation is in progress[\s\S]*needs to be \d+ characters/,
  },
  { line: "operator generate-root -init", shows: /Started\s+true/ },
  { line: "operator generate-root -cancel", shows: /Success! Root token generation canceled/ },
  {
    line: "debug -duration=5s -interval=5s -metrics-interval=5s -output=$dir/bundle",
    shows: /Success! Bundle written to/,
  },
  { line: "operator diagnose -h", shows: /Usage: (vault|bao) operator diagnose/ },
  { line: "operator rekey -init -key-shares=1 -key-threshold=1 -format=json", keep: { nonce: "nonce" } },
  { line: "operator rekey -nonce=$nonce -format=json $share", keep: { share: "keys_base64.0" } },
  { line: "operator generate-root -init -format=json", keep: { rootNonce: "nonce", otp: "otp" } },
  { line: "operator generate-root -nonce=$rootNonce -format=json $share", keep: { encoded: "encoded_token" } },
  { line: "operator generate-root -decode=$encoded -otp=$otp -format=json", shows: /"token": "(hvs|s)\./ },
  { line: "operator seal", shows: /Success! Vault is sealed|is sealed/ },
  { line: "status", code: 2, shows: /Sealed\s+true/ },
  { line: "operator unseal $share", shows: /Sealed\s+false/ },
  { line: "kv get -field=pass secret/app", shows: /^two\n?$/ },
  { line: "token revoke -self", shows: /Success! Revoked token/ },
]

export const commands: Command[] = [...kv, ...access, ...scripts, ...machines, ...tokens, ...things, ...system]
