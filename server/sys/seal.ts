/** `sys/seal`, `rekey`, `generate-root`, `rotate`, `key-status`: the keys of the store, with a token. */

import { type Answer, field, type JsonObject, refuse, type Values } from "@arca/api"
import { revokeToken } from "../revocation.ts"
import { rotation } from "../rotation.ts"
import { type Attempts, decodeToken, type RekeyKind } from "../seal/attempts.ts"
import { sealAll } from "../seal/cluster-seal.ts"
import type { Replaced } from "../seal/core.ts"
import type { Server, ServerContext } from "../server.ts"
import { findToken } from "../tokens.ts"
import { reading } from "../transact.ts"
import * as replies from "./replies.ts"
import { sysRoute } from "./route.ts"

const rekeyFields = {
  secret_shares: field.int("How many people shall hold a share.", { default: 0 }),
  secret_threshold: field.int("How many of them it shall take.", { default: 0 }),
  pgp_keys: field.stringList("Public keys to encrypt the shares to, one each.", { default: [] }),
  backup: field.bool("Keep the encrypted shares for those who lose theirs.", { default: false }),
  require_verification: field.bool("The new shares count only once their holders have shown them.", { default: false }),
}

const shareFields = {
  key: field.string("A share, in hex or base64.", { secret: true, default: "" }),
  nonce: field.string("Which attempt this is about.", { default: "", plain: true }),
}

/** What a holder gives: without a share there is nothing to give. */
function givenShare(input: Values<typeof shareFields>): Values<typeof shareFields> {
  if (input.key === "") throw refuse.invalid("'key' must be specified in request body as JSON")
  return input
}

/** Where a token is not asked for, the nonce must be known; with one it may be left out. */
function cancelNonce(ctx: ServerContext, nonce: string): string | undefined {
  return ctx.asker.token === undefined ? nonce : nonce || undefined
}

type Told = (answer: Promise<JsonObject>) => Promise<Answer>

/** Vault's paths answer without an envelope, OpenBao's, which always ask for a token, with one. */
const bare: Told = async answer => ({ bare: await answer })
const enveloped: Told = async answer => ({ data: await answer })

const need = (ctx: ServerContext): Attempts => ctx.server.attempts

const replacedIn = (ctx: ServerContext) => (left: Replaced) => {
  ctx.ifUnrecorded(left.unheard)
  ctx.atLast(left.heard)
}

/** The routes of one kind of rekeying. Older clients bring no token: where the operator opted in, they need none. */
const rekeyRoutes = (base: string, kind: RekeyKind, unauthenticated: boolean) => {
  const common = { sudo: true, rootOnly: true, ...(unauthenticated ? { openWhen: "rekey" } : {}) }
  const told = unauthenticated ? bare : enveloped
  const name = base.replace("/", "-")
  return [
    sysRoute(`${base}/init`, {
      summary: "Replace the shares of the key: begin, look, give up.",
      operation: {
        read: `${name}-attempt-read-progress`,
        write: `${name}-attempt-initialize`,
        delete: `${name}-attempt-cancel`,
      },
      replies: { read: replies.rekey, write: replies.rekey, delete: {} },
      fields: { ...rekeyFields, nonce: shareFields.nonce },
      ...common,
      read: (_, ctx) => told(need(ctx).rekeyStatus(kind)),
      write: (input, ctx) => told(need(ctx).rekeyStart(kind, input)),
      delete: async ({ nonce }, ctx) => {
        await need(ctx).rekeyCancel(kind, cancelNonce(ctx, nonce))
        return undefined
      },
    }),
    sysRoute(`${base}/update`, {
      summary: "Give a share of the present key.",
      operation: `${name}-attempt-update`,
      replies: { write: replies.rekeyed },
      fields: shareFields,
      ...common,
      write: (input, ctx) => told(need(ctx).rekeyUpdate(kind, givenShare(input), replacedIn(ctx))),
    }),
    sysRoute(`${base}/verify`, {
      summary: "Give a share of the new key, to show that it arrived.",
      operation: {
        read: `${name}-verification-read-progress`,
        write: `${name}-verification-update`,
        delete: `${name}-verification-cancel`,
      },
      replies: { read: replies.verification, write: replies.verification, delete: replies.verification },
      fields: shareFields,
      ...common,
      read: (_, ctx) => told(need(ctx).verifyStatus(kind)),
      write: (input, ctx) => told(need(ctx).verifyUpdate(kind, givenShare(input), replacedIn(ctx))),
      delete: (_, ctx) => told(need(ctx).verifyCancel(kind)),
    }),
  ]
}

const backupRoute = (paths: readonly string[], kind: RekeyKind) =>
  sysRoute(paths, {
    summary: "The PGP-encrypted shares that were kept.",
    operation: kind === "barrier" ? "rekey-*-backup-key" : "rekey-*-backup-recovery-key",
    replies: { read: replies.keyBackup, delete: {} },
    sudo: true,
    rootOnly: true,
    read: async (_, ctx) => {
      const data = await need(ctx).backup(kind)
      if (data === undefined) throw refuse.invalid("no backed-up keys found")
      return { data }
    },
    delete: async (_, ctx) => {
      await need(ctx).backupDelete(kind)
      return undefined
    },
  })

const rootFields = {
  otp: field.string("A one-time pad of 28 characters; made when neither it nor a PGP key is given.", {
    default: "",
    secret: true,
  }),
  pgp_key: field.string("A public key to encrypt the token to.", { default: "" }),
  nonce: shareFields.nonce,
}

async function revokeText(server: Server, text: string): Promise<void> {
  const token = await reading(server, view => findToken(view, text))
  if (token !== undefined) await revokeToken(server, token)
}

const rootRoutes = (attempt: readonly string[], update: string, unauthenticated: boolean) => {
  const common = { sudo: true, rootOnly: true, ...(unauthenticated ? { openWhen: "generate-root" } : {}) }
  const told = unauthenticated ? bare : enveloped
  return [
    sysRoute(attempt, {
      summary: "Make a root token, with the shares of enough people: begin, look, give up.",
      operation: {
        read: "root-token-generation-read-progress2|root-token-generation-read-progress",
        write: "root-token-generation-initialize-2|root-token-generation-initialize",
        delete: "root-token-generation-cancel-2|root-token-generation-cancel",
      },
      replies: { read: replies.rootAttempt, write: replies.rootAttempt, delete: {} },
      fields: rootFields,
      ...common,
      read: (_, ctx) => told(need(ctx).rootStatus()),
      write: (input, ctx) => told(need(ctx).rootStart(input)),
      delete: async ({ nonce }, ctx) => {
        await need(ctx).rootCancel(cancelNonce(ctx, nonce))
        return undefined
      },
    }),
    sysRoute(update, {
      summary: "Give a share.",
      operation: "root-token-generation-update",
      replies: { write: replies.rootAttempt },
      fields: shareFields,
      ...common,
      write: (input, ctx) =>
        told(need(ctx).rootUpdate(givenShare(input), token => ctx.ifUnrecorded(() => revokeText(ctx.server, token)))),
    }),
  ]
}

/** Seconds; Vault's bounds: no more operations than the cipher allows, no interval below a day. */
const rotateFields = {
  max_operations: field.int("Values sealed under one key before the next one is made.", {}),
  interval: field.duration("How long a key is used at most; 0 is without limit.", {}),
  enabled: field.bool("Whether keys are replaced by themselves.", {}),
}

const rotate = async (_: object, ctx: ServerContext): Promise<undefined> => {
  await ctx.server.seal.barrier.rotate(ctx.now)
}

/** How long a node that stepped down keeps clients away, in seconds. */
const DRAIN_SECONDS = 60

export const sealRoutes = [
  sysRoute("seal", {
    summary: "Seal this node: it forgets its keys. With `cluster`, every node.",
    fields: {
      cluster: field.bool("Seal every node that shares the store, before this is answered.", { default: false }),
    },
    operation: "seal",
    replies: { write: {} },
    sudo: true,
    rootOnly: true,
    write: async ({ cluster }, ctx) => {
      if (cluster) await sealAll(ctx.view)
      ctx.atLast(() => ctx.server.seal.close())
      return undefined
    },
  }),
  sysRoute("step-down", {
    summary: "Drain this node: health checks send clients elsewhere, and its background jobs go to other nodes.",
    description:
      "Every node is active, so there is no leadership to give up. For a minute `sys/health` answers as a standby does (429), connections are closed after their reply, and jobs are handed over. Requests that still come are answered.",
    operation: "step-down-leader",
    sudo: true,
    rootOnly: true,
    write: (_, ctx) => {
      ctx.afterCommit(() => ctx.server.members.drain(DRAIN_SECONDS))
      return undefined
    },
  }),
  sysRoute("key-status", {
    summary: "The key that values are sealed under.",
    operation: "encryption-key-status",
    replies: { read: replies.keyStatus },
    rootOnly: true,
    read: (_, ctx) => {
      const { term, installedAt, encryptions } = ctx.server.seal.barrier.status()
      return { data: { term, install_time: new Date(installedAt * 1000).toISOString(), encryptions } }
    },
  }),
  sysRoute(["rotate", "rotate/keyring"], {
    summary: "Seal everything from now on under a new key. What is sealed stays readable.",
    operation: "encryption-key-rotate",
    sudo: true,
    rootOnly: true,
    write: rotate,
  }),
  sysRoute(["rotate/config", "rotate/keyring/config"], {
    summary: "When keys are replaced by themselves.",
    operation: {
      read: "encryption-key-read-rotation-configuration",
      write: "encryption-key-configure-rotation",
    },
    replies: { read: replies.rotation, write: {} },
    fields: rotateFields,
    rootOnly: true,
    read: async (_, ctx) => ({ data: { ...(await rotation.read(ctx.view)) } }),
    write: async (input, ctx) => {
      await rotation.write(ctx.view, input)
      return undefined
    },
  }),
  ...rekeyRoutes("rekey", "barrier", true),
  ...rekeyRoutes("rekey-recovery-key", "recovery", true),
  ...rekeyRoutes("rotate/root", "barrier", false),
  ...rekeyRoutes("rotate/recovery", "recovery", false),
  backupRoute(["rekey/backup", "rotate/root/backup"], "barrier"),
  backupRoute(["rekey/recovery-key-backup", "rotate/recovery/backup"], "recovery"),
  ...rootRoutes(["generate-root", "generate-root/attempt"], "generate-root/update", true),
  ...rootRoutes(["generate-root-token/attempt"], "generate-root-token/update", false),
  sysRoute("decode-token", {
    summary: "The token behind an encoded one and its one-time pad.",
    operation: "decode",
    replies: {
      write: { token: field.string("The token.", { secret: true }), data: field.map("The same, for older clients.") },
    },
    fields: { encoded_token: field.string("The encoded token.", { default: "", secret: true }), otp: rootFields.otp },
    open: true,
    write: ({ encoded_token: encoded, otp }) => ({
      bare: { data: { token: decodeToken(encoded, otp) }, token: decodeToken(encoded, otp) },
    }),
  }),
]
