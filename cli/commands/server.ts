import type { Foreign } from "../command.ts"
import { serverPart } from "../server-part.ts"

export const server: Foreign = {
  kind: "foreign",
  name: "server",
  summary: "Starts a server.",
  examples: [
    ["Try things out, in memory", "server -dev"],
    ["Serve what a file describes", "server -config=/etc/arca/arca.hcl"],
  ],
  start: async (line, io) => {
    const words = line.map(word => (/^(-h|--help)$/.test(word) ? "-help" : word))
    return (await serverPart("main", "serverCommand"))(words, io)
  },
}
