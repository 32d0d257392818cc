/**
 * The floor: a `node:http` handler that reads the request and answers the bytes it is told, and does nothing else.
 * `node bench/floor.ts PORT WORKERS FILE`; FILE holds `{ status, headers, body }` in JSON.
 */

import cluster from "node:cluster"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"

const [port = "", workers = "1", file = ""] = process.argv.slice(2)

if (cluster.isPrimary && Number(workers) > 1) {
  for (let worker = 0; worker < Number(workers); worker++) cluster.fork()
  process.on("SIGTERM", () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.kill()
    process.exit(0)
  })
} else {
  const { status, headers, body } = JSON.parse(readFileSync(file, "utf8"))
  const bytes = Buffer.from(body)
  createServer((message, response) => {
    message.on("data", () => {})
    message.on("end", () => {
      response.writeHead(status, headers)
      response.end(bytes)
    })
  }).listen(Number(port), "127.0.0.1")
  process.on("SIGTERM", () => process.exit(0))
}
