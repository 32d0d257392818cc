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
  { line: "path-help secret", shows: /arbitrary secrets/ },
  { line: "operator key-status", shows: /Key Term\s+1/ },
  { line: "operator rotate", shows: /Success! Rotated key/ },
  { line: "operator rekey -status", shows: /Started\s+false/ },
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

export const commands: Command[] = [...kv, ...access, ...system]
