import { crc32, deflateRawSync } from "node:zlib"

type Files = Readonly<Record<string, string | Uint8Array>>

/** A ustar archive without times or owners. */
export function tar(files: Files): Buffer {
  const parts = Object.entries(files).flatMap(([name, content]) => {
    const bytes = Buffer.from(content)
    const header = Buffer.alloc(512)
    header.write(name, 0, 100)
    header.write("0000644\0", 100)
    header.write(`${bytes.length.toString(8).padStart(11, "0")} `, 124)
    header.write("00000000000 ", 136)
    header.write("        ", 148)
    header.write("0", 156)
    header.write("ustar\x0000", 257)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148)
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]
  })
  return Buffer.concat([...parts, Buffer.alloc(1024)])
}

/** A zip archive, deflated unless told otherwise. */
export function zip(files: Files, method: 0 | 8 = 8): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, content] of Object.entries(files)) {
    const plain = Buffer.from(content)
    const packed = method === 8 ? deflateRawSync(plain) : plain
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(0x800, 2)
    common.writeUInt16LE(method, 4)
    common.writeUInt32LE(crc32(plain), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(plain.length, 18)
    common.writeUInt16LE(Buffer.byteLength(name), 22)
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), packed])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), common, rest, Buffer.from(name)]))
    locals.push(local)
    offset += local.length
  }
  const size = directory.reduce((total, part) => total + part.length, 0)
  const end = Buffer.alloc(22)
  end.write("PK\x05\x06", 0, "latin1")
  end.writeUInt16LE(directory.length, 8)
  end.writeUInt16LE(directory.length, 10)
  end.writeUInt32LE(size, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, ...directory, end])
}

/** A RAR 5 archive of stored files (rarlab.com/technote.htm). */
export function rar(files: Files): Buffer {
  const parts = Object.entries(files).map(([name, content]) => {
    const plain = Buffer.from(content)
    const crc = Buffer.alloc(4)
    crc.writeUInt32LE(crc32(plain))
    // Type 2 with a data area; a checksum; attributes of Unix (3); stored.
    const fields = [
      vint(2),
      vint(2),
      vint(plain.length),
      vint(4),
      vint(plain.length),
      vint(0o100644),
      crc,
      vint(0),
      vint(1),
    ]
    return Buffer.concat([rarBlock([...fields, vint(Buffer.byteLength(name)), Buffer.from(name)]), plain])
  })
  const start = [Buffer.from("Rar!\x1a\x07\x01\x00", "latin1"), rarBlock([vint(1), vint(0), vint(0)])]
  return Buffer.concat([...start, ...parts, rarBlock([vint(5), vint(0), vint(0)])])
}

function rarBlock(fields: readonly Buffer[]): Buffer {
  const body = Buffer.concat(fields)
  const sized = Buffer.concat([vint(body.length), body])
  const crc = Buffer.alloc(4)
  crc.writeUInt32LE(crc32(sized))
  return Buffer.concat([crc, sized])
}

function vint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest >= 128 ? (rest % 128) + 128 : rest)
    if (rest < 128) return Buffer.from(bytes)
  }
}
