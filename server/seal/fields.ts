import { field } from "@arca/api"

/** What `sys/init` takes. */
export const initFields = {
  secret_shares: field.int("How many people hold a share of the unseal key."),
  secret_threshold: field.int("How many of them it takes."),
  pgp_keys: field.stringList("Public keys to encrypt the shares to, one each.", { default: [] }),
  root_token_pgp_key: field.string("A public key to encrypt the root token to."),
  recovery_shares: field.int("Auto seals: how many people hold a share of the recovery key."),
  recovery_threshold: field.int("Auto seals: how many of them it takes."),
  recovery_pgp_keys: field.stringList("Auto seals: public keys to encrypt the recovery shares to.", { default: [] }),
  stored_shares: field.int("Ignored; older clients send it."),
}
