/** Nodes of a cluster as processes of their own, and the requests that clients send them. */

import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { Agent, request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fields, type Running, start } from "../parts/arca.ts"
import { STOPPED } from "./plan.ts"
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
  ask(node: number, asked: Asked, patience?: number): Promise<Told>
  /** Nodes that are stopped for long: nobody waits for them. */
  readonly away: Set<number>
  /** Resolves when every node answers again; seconds that took. */
  healed(over?: AbortSignal): Promise<number>
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

/** `env` is that of the nodes. */
export async function startCluster(store: Store, size: number, env: Record<string, string> = {}): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), "arca-cluster-"))
  await writeFile(join(folder, "seal.key"), randomBytes(32))
  const config = `seal "static" {\n  current_key_id = "one"\n  current_key = "file://${folder}/seal.key"\n}\nlog_level = "warn"`
  // Nodes are started often: what the first one has compiled serves the others.
  const own = { NODE_COMPILE_CACHE: join(folder, "compiled"), ...env }
  const startNode = (node: number) => start({ plain: true, storage: store.stanza(node), config, env: own })
  const first = await startNode(0)
  const askers = Array.from({ length: size }, () => asker())
  const ask = (node: number, asked: Asked, patience?: number): Promise<Told> =>
    (askers[node] ?? asker())(urls[node] ?? first.url, asked, patience)
  const urls: string[] = []
  const made = await ask(0, {
    method: "PUT",
    path: "sys/init",
    body: { recovery_shares: 1, recovery_threshold: 1 },
  })
  const root = String(made?.json.root_token)
  const nodes: Running[] = [first]
  nodes.push(...(await Promise.all(Array.from({ length: size - 1 }, (_, at) => startNode(at + 1)))))
  urls.push(...nodes.map(({ url }) => url))
  const answers = async (node: number) => {
    const told = await ask(node, { method: "GET", path: "sys/mounts", token: root })
    return told?.status === 200
  }
  const away = new Set<number>()
  const restart = async (node: number) => {
    const gone = nodes[node]
    if (gone === undefined) throw new Error(`there is no node ${node}`)
    const ended = once(gone.process, "exit")
    gone.process.kill("SIGTERM")
    await ended
    nodes[node] = await gone.again()
  }
  return {
    size,
    root,
    urls,
    away,
    troubles: nodes.flatMap((_, node) => [
      ...nodeTroubles(nodes, node, away),
      {
        kind: "node restarted",
        target: node,
        begin: async () => {
          const done = restart(node)
          return () => done
        },
      },
      {
        kind: "clients cut off a node",
        target: node,
        begin: async () => {
          askers[node]?.cut()
          return async () => {}
        },
      },
    ]),
    ask: (node, asked, patience) => ask(node % size, asked, patience),
    healed: async over => {
      const began = performance.now()
      for (let node = 0; node < size; node++) {
        while (!(over?.aborted || away.has(node) || (await answers(node))))
          if (performance.now() - began > 30_000) throw new Error(`node ${node} stays away`)
      }
      return (performance.now() - began) / 1000
    },
    pids: () => nodes.map(({ process: { pid } }) => pid ?? 0),
    restart,
    kill: async node => {
      const [begin] = nodeTroubles(nodes, node, away)
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

function nodeTroubles(nodes: Running[], node: number, away: Set<number>): Trouble[] {
  const process = () => nodes[node]?.process
  return [
    {
      kind: "node killed",
      target: node,
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
      kind: "node paused",
      target: node,
      begin: async () => {
        process()?.kill("SIGSTOP")
        return async () => void process()?.kill("SIGCONT")
      },
    },
    {
      kind: STOPPED,
      target: node,
      begin: async () => {
        away.add(node)
        process()?.kill("SIGSTOP")
        return async () => {
          process()?.kill("SIGCONT")
          away.delete(node)
        }
      },
    },
  ]
}

/** What a test needs to succeed, on the first node that is not away. Sent again while the node cannot answer, or a planted bug does not. */
export async function must(cluster: Cluster, asked: Asked): Promise<Record<string, unknown>> {
  for (let tries = 1; ; tries++) {
    const node = Array.from({ length: cluster.size }, (_, at) => at).find(at => !cluster.away.has(at)) ?? 0
    const told = await cluster.ask(node, asked)
    if (told !== undefined && told.status < 300) return told.json
    const later = told === undefined || told.status >= 500 || told.status === 404
    if (tries === 5 || !later) throw new Error(`${asked.path}: ${JSON.stringify(told)}`)
    await new Promise(resolve => setTimeout(resolve, 200 * tries))
  }
}

export interface Asker {
  (url: string, asked: Asked, patience?: number): Promise<Told>
  /** Ends all connections now. */
  cut(): void
}

/** Sends requests over kept connections, and gives up after a while. */
export function asker(usual = PATIENCE): Asker {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const ask = (url: string, { method, path, token, body }: Asked, patience = usual): Promise<Told> =>
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
  const cut = () => {
    for (const sockets of Object.values(agent.sockets)) for (const socket of sockets ?? []) socket.destroy()
  }
  return Object.assign(ask, { cut })
}

function parsed(text: string): Record<string, unknown> {
  try {
    return fields(JSON.parse(text))
  } catch {
    return {}
  }
}
