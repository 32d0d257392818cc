import type { Verifier } from "../verifier.ts"
import { ai } from "./ai.ts"
import { clouds } from "./clouds.ts"
import { code } from "./code.ts"
import { hosting } from "./hosting.ts"
import { messaging } from "./messaging.ts"
import { work } from "./work.ts"

/** Everyone who can be asked over HTTPS. */
export const issuers: readonly Verifier[] = [...code, ...clouds, ...hosting, ...ai, ...messaging, ...work]
