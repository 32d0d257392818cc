/** Nodes of a cluster as processes of their own, and the requests that clients send them. */

import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { Agent, request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fields, type Running, start } from "../parts/arca.ts"
import type { Store, Trouble } from "./stores.ts"

export interface Asked {
  readonly method: "GET" | "POST" | "PUT" | "DELETE" | "LIST"
  readonly path: string
  readonly token?: string
  readonly body?: unknown
}

/** What came back; undefined when nothing did, so that nobody knows what became of the request. */
export type Told = { readonly status: number; readonly json: Record<string, unknown> } | undefined

export interface Cluster {
  readonly size: number
  readonly root: string
  readonly urls: readonly string[]
  readonly troubles: readonly Trouble[]
  ask(node: number, asked: Asked): Promise<Told>
  /** Resolves when every node answers again; seconds that took. */
  healed(): Promise<number>
  logs(): string
  /** The processes of the nodes. */
  pids(): number[]
  /** Ends a node as operators do, and starts it again. */
  restart(node: number): Promise<void>
  /** Ends a node as a crash would. */
  kill(node: number): Promise<void>
  stop(): Promise<void>
}

/** How long a client waits for a reply, in milliseconds. */
const PATIENCE = 3_000

export async function startCluster(store: Store, size: number): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), "arca-cluster-"))
  await writeFile(join(folder, "seal.key"), randomBytes(32))
  const config = `seal "static" {\n  current_key_id = "one"\n  current_key = "file://${folder}/seal.key"\n}\nlog_level = "warn"`
  const startNode = (node: number) => start({ plain: true, storage: store.stanza(node), config })
  const first = await startNode(0)
  const ask = asker()
  const made = await ask(first.url, {
    method: "PUT",
    path: "sys/init",
    body: { recovery_shares: 1, recovery_threshold: 1 },
  })
  const root = String(made?.json.root_token)
  const nodes: Running[] = [first]
  for (let node = 1; node < size; node++) nodes.push(await startNode(node))
  const urls = nodes.map(({ url }) => url)
  const answers = async (node: number) => {
    const told = await ask(urls[node] ?? "", { method: "GET", path: "sys/mounts", token: root })
    return told?.status === 200
  }
  return {
    size,
    root,
    urls,
    troubles: nodes.flatMap((_, node) => nodeTroubles(nodes, node)),
    ask: (node, asked) => ask(urls[node % size] ?? "", asked),
    healed: async () => {
      const began = performance.now()
      for (let node = 0; node < size; node++) {
        while (!(await answers(node)))
          if (performance.now() - began > 30_000) throw new Error(`node ${node} stays away`)
      }
      return (performance.now() - began) / 1000
    },
    pids: () => nodes.map(({ process: { pid } }) => pid ?? 0),
    restart: async node => {
      const gone = nodes[node]
      if (gone === undefined) throw new Error(`there is no node ${node}`)
      const ended = once(gone.process, "exit")
      gone.process.kill("SIGTERM")
      await ended
      nodes[node] = await gone.again()
    },
    kill: async node => {
      const [begin] = nodeTroubles(nodes, node)
      await begin?.begin()
    },
    logs: () => nodes.map((node, at) => `--- node ${at}\n${node.log().slice(-4000)}`).join("\n"),
    stop: async () => {
      for (const node of nodes) {
        node.process.kill("SIGCONT")
        node.process.kill("SIGKILL")
        await node.stop()
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function nodeTroubles(nodes: Running[], node: number): Trouble[] {
  const process = () => nodes[node]?.process
  return [
    {
      name: `node ${node} is killed and started again`,
      begin: async () => {
        const child = process()
        if (child === undefined) throw new Error(`there is no node ${node}`)
        const gone = once(child, "exit")
        child.kill("SIGKILL")
        await gone
        return async () => {
          const again = await nodes[node]?.again()
          if (again !== undefined) nodes[node] = again
        }
      },
    },
    {
      name: `node ${node} is paused`,
      begin: async () => {
        process()?.kill("SIGSTOP")
        return async () => void process()?.kill("SIGCONT")
      },
    },
  ]
}

/** What a test needs to succeed. */
export async function must(cluster: Cluster, asked: Asked): Promise<Record<string, unknown>> {
  const told = await cluster.ask(0, asked)
  if (told === undefined || told.status >= 300) throw new Error(`${asked.path}: ${JSON.stringify(told)}`)
  return told.json
}

/** Sends requests over kept connections, and gives up after a while. */
export function asker(patience = PATIENCE): (url: string, asked: Asked) => Promise<Told> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  return (url, { method, path, token, body }) =>
    new Promise(resolve => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const headers = {
        ...(token === undefined ? {} : { "X-Vault-Token": token }),
        ...(text === undefined ? {} : { "Content-Length": Buffer.byteLength(text) }),
      }
      const sent = request(
        `${url}/v1/${path}`,
        { method, headers, agent, signal: AbortSignal.timeout(patience) },
        reply => {
          let received = ""
          reply.setEncoding("utf8").on("data", (part: string) => {
            received += part
          })
          reply.on("end", () => resolve({ status: reply.statusCode ?? 0, json: parsed(received) }))
          reply.on("error", () => resolve(undefined))
          reply.on("close", () => resolve(undefined))
        },
      )
      sent.on("error", () => resolve(undefined))
      sent.end(text)
    })
}

function parsed(text: string): Record<string, unknown> {
  try {
    return fields(JSON.parse(text))
  } catch {
    return {}
  }
}
