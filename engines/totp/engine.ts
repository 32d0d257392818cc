/** One-time passwords (RFC 6238): the server makes codes as an app would, or checks those of an app. */

import {
  type Answer,
  type Context,
  decodeJson,
  encodeJson,
  engine,
  field,
  formatDuration,
  type JsonObject,
  listRoute,
  refuse,
  route,
} from "@arca/api"
import { hotp, totpCounter } from "@arca/crypto/otp"
import { addressOf, algorithmOf, bytesOf, inputs, type Key, type KeyInput, keyOf, keys } from "./key.ts"
import { qrPng } from "./qr.ts"

const name = field.nameWithAt("Name of the key.")

async function needKey(ctx: Context, wanted: string): Promise<Key> {
  const key = await keys.get(ctx.store, wanted)
  if (key === undefined) throw refuse.invalid(`unknown key: ${wanted}`)
  return key
}

async function write(wanted: string, input: KeyInput, ctx: Context): Promise<Answer | undefined> {
  const key = keyOf(input, ctx)
  const before = await keys.get(ctx.store, wanted)
  // The same secret again must not make a spent code good.
  if (before !== undefined && before.key !== key.key) spent.forget(ctx, wanted)
  keys.put(ctx.store, wanted, key)
  if (!input.generate || !input.exported) return undefined
  const url = addressOf(key)
  if (input.qr_size === 0) return { data: { url } }
  return { data: { url, barcode: Buffer.from(qrPng(url, input.qr_size)).toString("base64") } }
}

const codeAt = (key: Key, counter: number): string => hotp(bytesOf(key), counter, algorithmOf(key), key.digits)

function generate(key: Key, ctx: Context): Answer {
  const counter = totpCounter(ctx.now, key.period)
  return {
    data: {
      code: codeAt(key, counter),
      generated: Math.floor(ctx.now),
      expire_time: (counter + 1) * key.period,
      period: formatDuration(key.period),
    },
  }
}

/**
 * Periods whose code was accepted. A code is good once (RFC 6238 section 5.2): the use is committed with the reply, so no
 * other node and no restart accepts it again.
 */
const spent = {
  path: (wanted: string): string => `spent/${wanted}`,
  read: async (ctx: Context, wanted: string): Promise<number[]> => {
    const value = await ctx.store.get(spent.path(wanted))
    const periods = value === undefined ? [] : decodeJson(value).periods
    return Array.isArray(periods) ? periods.map(Number) : []
  },
  write: (ctx: Context, wanted: string, periods: number[]): void =>
    ctx.store.put(spent.path(wanted), encodeJson({ periods })),
  forget: (ctx: Context, wanted: string): void => ctx.store.delete(spent.path(wanted)),
}

async function validate(wanted: string, code: string, ctx: Context): Promise<{ data: JsonObject }> {
  if (code === "") throw refuse.invalid("the code value is required")
  const key = await needKey(ctx, wanted)
  const now = totpCounter(ctx.now, key.period)
  const acceptable = Array.from({ length: 2 * key.skew + 1 }, (_, index) => now - key.skew + index)
  const matching = acceptable.filter(counter => counter >= 0 && codeAt(key, counter) === code)
  const used = await spent.read(ctx, wanted)
  if (matching.some(counter => used.includes(counter))) {
    throw refuse.invalid("code already used; wait until the next time period")
  }
  if (matching.length === 0) return { data: { valid: false } }
  spent.write(ctx, wanted, [...used.filter(counter => counter >= now - key.skew), ...matching])
  return { data: { valid: true } }
}

/** After a restore nobody knows which codes of now were accepted: all of them count as such. */
async function spendCurrent(ctx: Context): Promise<void> {
  for (const wanted of await keys.list(ctx.store)) {
    const key = await needKey(ctx, wanted)
    const now = totpCounter(ctx.now, key.period)
    const current = Array.from({ length: 2 * key.skew + 1 }, (_, index) => now - key.skew + index)
    spent.write(ctx, wanted, current)
  }
}

export const totp = engine({
  kind: "secret",
  type: "totp",
  summary: "Makes and checks time-based one-time passwords.",
  restored: spendCurrent,
  routes: [
    listRoute("keys", "List the keys.", (ctx, page) => keys.list(ctx.store, page)),
    route("keys/:name", {
      summary: "A key: make or import it, read what is not secret of it, delete it.",
      operation: { read: "read-key", write: "create-key", delete: "delete-key" },
      fields: { name, ...keys.fields, ...inputs },
      read: async ({ name: wanted }, ctx) => {
        const key = await keys.get(ctx.store, wanted)
        if (key === undefined) return undefined
        const { skew: _, ...shown } = keys.shown(key)
        return { data: shown }
      },
      write: ({ name: wanted, ...input }, ctx) => write(wanted, input, ctx),
      delete: ({ name: wanted }, ctx) => {
        keys.delete(ctx.store, wanted)
        spent.forget(ctx, wanted)
        return undefined
      },
      replies: {
        write: {
          url: field.string("The otpauth:// address of a new key, shown once.", { secret: true, optional: true }),
          barcode: field.string("Its QR code: a PNG in Base64.", { secret: true, optional: true }),
        },
      },
    }),
    route("code/:name", {
      operation: { read: "generate-code", write: "validate-code" },
      summary: "The code of now, as an app would show it; or check the code of an app. A code is accepted once.",
      fields: { name, code: field.string("The code to check.", { secret: true, default: "" }) },
      read: async ({ name: wanted }, ctx) => generate(await needKey(ctx, wanted), ctx),
      write: ({ name: wanted, code }, ctx) => validate(wanted, code, ctx),
      replies: {
        read: {
          code: field.string("The code."),
          generated: field.int("When it was made, in seconds since 1970."),
          expire_time: field.int("When the next one takes its place, in seconds since 1970."),
          period: field.string("How long a code lives: `30s`."),
        },
        write: { valid: field.bool("Whether the code is right.") },
      },
    }),
  ],
})
