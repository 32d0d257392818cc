/** The secrets engines of this build: a folder each, and a line here. */

import type { Engine } from "@arca/api"
import { aws } from "./aws/engine.ts"
import { azure } from "./azure/engine.ts"
import { consul } from "./consul/engine.ts"
import { cubbyhole } from "./cubbyhole/engine.ts"
import { database } from "./database/engine.ts"
import { gcp } from "./gcp/engine.ts"
import { kubernetes } from "./kubernetes/engine.ts"
import { kv } from "./kv/engine.ts"
import { ldap } from "./ldap/engine.ts"
import { nomad } from "./nomad/engine.ts"
import { rabbitmq } from "./rabbitmq/engine.ts"
import { totp } from "./totp/engine.ts"

export const engines: readonly Engine[] = [
  kv,
  cubbyhole,
  aws,
  azure,
  consul,
  database,
  gcp,
  kubernetes,
  ldap,
  nomad,
  rabbitmq,
  totp,
]
