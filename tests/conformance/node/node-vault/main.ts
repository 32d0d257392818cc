/** STORY.md told by node-vault, which speaks LIST and PATCH as verbs. */

import { boot, end, keys, rootToken } from "./boot.ts"
import { databases } from "./databases.ts"
import { kv1, kv2Delete, kv2Metadata, kv2Write } from "./kv.ts"
import { login, people, programs } from "./login.ts"
import { audit, cubbyhole, leases, mounts } from "./mounts.ts"
import { policies, wrapping } from "./policies.ts"
import { tokenKinds, tokenLife } from "./tokens.ts"

const chapters = [boot, login, people, programs, kv1, kv2Write, kv2Delete, kv2Metadata, policies, wrapping]
for (const chapter of [
  ...chapters,
  tokenLife,
  tokenKinds,
  mounts,
  audit,
  leases,
  databases,
  cubbyhole,
  keys,
  rootToken,
  end,
]) {
  await chapter()
}
