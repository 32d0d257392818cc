/** The stores under a cluster, each with what may befall it. */

import { type Etcd, start as startEtcd, missing as withoutEtcd } from "../parts/etcd.ts"
import { start as startPostgresql, missing as withoutPostgresql } from "../parts/postgresql.ts"
import { type Proxy as FaultProxy, startProxy } from "../parts/proxy.ts"

export type StoreType = "postgresql" | "etcd"

/** A trouble that begins, and ends when its end is awaited. */
export interface Trouble {
  readonly kind: string
  /** Which node, or which member of the store. */
  readonly target: number
  /** Begins it; what it returns ends it. */
  begin(): Promise<() => Promise<void>>
}

export interface Store {
  /** The storage stanza of a node; each reaches the store through proxies of its own. */
  stanza(node: number): string
  readonly troubles: readonly Trouble[]
  /** The processes of the store; those they started belong to it as well. */
  pids(): number[]
  stop(): Promise<void>
}

export const missing = async (type: StoreType): Promise<string | undefined> =>
  type === "postgresql" ? await withoutPostgresql() : withoutEtcd()

export async function startStore(type: StoreType, nodes: number): Promise<Store & { readonly url: string }> {
  return type === "postgresql" ? await postgresqlStore(nodes) : await etcdStore(nodes)
}

const momentary = (kind: string, target: number, act: () => Promise<void> | void): Trouble => ({
  kind,
  target,
  begin: async () => {
    await act()
    return async () => {}
  },
})

/** What may befall the connections of one node. */
const networkTroubles = (proxies: readonly (readonly FaultProxy[])[]): Trouble[] =>
  proxies.flatMap((own, target) => [
    momentary("node's store connections cut", target, () => {
      for (const proxy of own) proxy.cut()
    }),
    {
      // Nobody tells it.
      kind: "node's store silent",
      target,
      begin: async () => {
        for (const proxy of own) proxy.hold()
        return async () => {
          for (const proxy of own) proxy.release()
        }
      },
    },
    {
      kind: "node's store answers lost",
      target,
      begin: async () => {
        for (const proxy of own) proxy.loseAnswers(5)
        return async () => {
          for (const proxy of own) proxy.loseAnswers(0)
        }
      },
    },
  ])

async function postgresqlStore(nodes: number) {
  const server = await startPostgresql()
  const proxies = await Promise.all(
    Array.from({ length: nodes }, async () => [await startProxy("127.0.0.1", server.port)]),
  )
  const stanza = (node: number) => {
    const url = `postgres://postgres@127.0.0.1:${proxies[node]?.[0]?.port}/postgres`
    return `storage "postgresql" {\n  connection_url = "${url}"\n  max_parallel = "8"\n  max_connect_retries = "20"\n}`
  }
  const restart: Trouble = {
    kind: "PostgreSQL crashed",
    target: 0,
    begin: async () => {
      await server.crash()
      return () => server.resume()
    },
  }
  return {
    url: server.url,
    stanza,
    troubles: [...networkTroubles(proxies), restart],
    pids: () => [server.pid()],
    stop: async () => {
      await Promise.all(proxies.flat().map(proxy => proxy.stop()))
      await server.stop()
    },
  }
}

async function etcdStore(nodes: number) {
  const members = 3
  const server: Etcd = await startEtcd(members)
  const ports = server.endpoints.map(endpoint => Number(new URL(endpoint).port))
  const proxies = await Promise.all(
    Array.from({ length: nodes }, () => Promise.all(ports.map(port => startProxy("127.0.0.1", port)))),
  )
  const stanza = (node: number) => {
    const address = proxies[node]?.map(({ port }) => `http://127.0.0.1:${port}`).join(",")
    return `storage "etcd" {\n  address = "${address}"\n  request_timeout = "1s"\n}`
  }
  const memberTroubles = Array.from({ length: members }, (_, member): Trouble[] => [
    {
      kind: "etcd member killed",
      target: member,
      begin: async () => {
        await server.signal(member, "SIGKILL")
        return () => server.resume(member)
      },
    },
    {
      kind: "etcd member paused",
      target: member,
      begin: async () => {
        await server.signal(member, "SIGSTOP")
        return () => server.signal(member, "SIGCONT")
      },
    },
  ])
  const restart: Trouble = {
    kind: "all of etcd killed",
    target: 0,
    begin: async () => {
      await Promise.all(server.endpoints.map((_, member) => server.signal(member, "SIGKILL")))
      return async () => {
        await Promise.all(server.endpoints.map((_, member) => server.resume(member)))
      }
    },
  }
  return {
    url: server.endpoints.join(),
    stanza,
    troubles: [...networkTroubles(proxies), ...memberTroubles.flat(), restart],
    pids: () => server.pids(),
    stop: async () => {
      await Promise.all(proxies.flat().map(proxy => proxy.stop()))
      await server.stop()
    },
  }
}
