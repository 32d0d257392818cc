/** The auth methods of this build: a folder each, and a line here. */

import type { Engine } from "@arca/api"
import { approle } from "./approle/engine.ts"
import { userpass } from "./userpass/engine.ts"

export const auth: readonly Engine[] = [approle, userpass]
