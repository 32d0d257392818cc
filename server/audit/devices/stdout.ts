/** `file_path=stdout` writes to the server's standard output, `discard` nowhere. */

import { reasonOf, type Sink, Undelivered } from "./sink.ts"

/** `stream` is standard output, or what a test reads. */
export function streamSink(stream: NodeJS.WritableStream): Sink {
  return {
    write: lines =>
      new Promise((resolve, reject) => {
        stream.write(lines, error => {
          if (error)
            reject(new Undelivered(`cannot write to stdout: ${reasonOf(error)}`, { untouched: false, cause: error }))
          else resolve()
        })
      }),
    interrupt() {},
    reload: async () => {},
    close: async () => {},
  }
}

export const discardSink: Sink = {
  write: async () => {},
  interrupt() {},
  reload: async () => {},
  close: async () => {},
}
