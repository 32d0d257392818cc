/**
 * The process that the kill -9 test kills: `node kill9-writer.ts <directory> <run> <writers>`. Each writer commits unique
 * ids, each as two keys that belong together, and prints the id once the commit has resolved.
 */

import { lmdbStorage } from "./lmdb.ts"

const [directory = "", run = "", writers = "1"] = process.argv.slice(2)
const storage = await lmdbStorage({ path: directory })
process.stdout.write("ready\n")

async function writeForEver(writer: number): Promise<never> {
  for (let nth = 0; ; nth++) {
    const id = `${run}-${writer}-${nth}`
    const view = storage.view()
    view.put(`a/${id}`, Buffer.from(id))
    view.put(`b/${id}`, Buffer.alloc(10 + ((nth * 769) % 6000), id))
    await storage.commit(view)
    process.stdout.write(`${id}\n`)
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => writeForEver(writer)))
