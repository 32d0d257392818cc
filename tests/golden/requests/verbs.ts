/** Short forms for the tables of requests. */

import type { GoldenRequest } from "../requests.ts"

type More = Partial<Omit<GoldenRequest, "name" | "method" | "path" | "body">>

export const get = (name: string, path: string, more: More = {}): GoldenRequest => ({
  name,
  method: "GET",
  path,
  ...more,
})
export const list = (name: string, path: string, more: More = {}): GoldenRequest => ({
  name,
  method: "LIST",
  path,
  ...more,
})
export const remove = (name: string, path: string, more: More = {}): GoldenRequest => ({
  name,
  method: "DELETE",
  path,
  ...more,
})
export const post = (name: string, path: string, body?: unknown, more: More = {}): GoldenRequest => ({
  name,
  method: "POST",
  path,
  ...(body !== undefined && { body }),
  ...more,
})
export const patch = (name: string, path: string, body: unknown, more: More = {}): GoldenRequest => ({
  name,
  method: "PATCH",
  path,
  body,
  headers: { "Content-Type": "application/merge-patch+json" },
  ...more,
})
