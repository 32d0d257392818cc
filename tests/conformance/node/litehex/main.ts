/** STORY.md told by @litehex/node-vault, which checks each reply against a schema of its own. */

import { boot, end, keys, rootToken } from "./boot.ts"
import { databases } from "./databases.ts"
import { kv1, kv2Delete, kv2Metadata, kv2Write } from "./kv.ts"
import { login, people, programs } from "./login.ts"
import { audit, cubbyhole, leases, mounts } from "./mounts.ts"
import { policies, wrapping } from "./policies.ts"
import { tokenKinds, tokenLife, tokenRoles } from "./tokens.ts"

const before = [boot, login, people, programs, kv1, kv2Write, kv2Delete, kv2Metadata, policies, wrapping]
const after = [tokenLife, tokenKinds, tokenRoles, mounts, audit, leases, databases, cubbyhole, keys, rootToken, end]
for (const chapter of [...before, ...after]) await chapter()
