/** QR codes as PNG images. */

import { crc32, deflateSync } from "node:zlib"
import { refuse } from "@arca/api"
import qrcode from "qrcode-generator"

/** Larger pictures only cost memory; a phone reads one of 200 pixels. */
const MAX_PIXELS = 4096
/** What version 40 holds at level M (ISO/IEC 18004 table 7). */
const MAX_TEXT_BYTES = 2331
/** The white frame that readers expect around a code, in modules (ISO/IEC 18004 section 5.3.8). */
const QUIET_MODULES = 4

/** A square PNG of `pixels` a side that shows `text`, with error correction of level M. Refuses a size it does not fit. */
export function qrPng(text: string, pixels: number): Uint8Array {
  if (pixels > MAX_PIXELS) throw refuse.invalid(`the qr_size value must not be greater than ${MAX_PIXELS}`)
  if (Buffer.byteLength(text) > MAX_TEXT_BYTES) {
    throw refuse.invalid("the key, issuer and account_name are too long for a QR code; set qr_size to 0 to do without")
  }
  const code = qrcode(0, "M")
  code.addData(text)
  code.make()
  const modules = code.getModuleCount()
  const scale = Math.floor(pixels / (modules + 2 * QUIET_MODULES)) || Math.floor(pixels / modules)
  if (scale === 0) throw refuse.invalid(`the qr_size value must be at least ${modules} for this key, or 0 for no code`)
  const margin = Math.floor((pixels - modules * scale) / 2)
  const isDark = (x: number, y: number): boolean => {
    const column = Math.floor((x - margin) / scale)
    const row = Math.floor((y - margin) / scale)
    return column >= 0 && row >= 0 && column < modules && row < modules && code.isDark(row, column)
  }
  return grayscalePng(pixels, isDark)
}

/** A black and white picture in the form of the PNG specification (ISO/IEC 15948): one bit a pixel, 1 is white. */
function grayscalePng(pixels: number, isDark: (x: number, y: number) => boolean): Uint8Array {
  const bytesPerRow = 1 + Math.ceil(pixels / 8)
  const rows = Buffer.alloc(bytesPerRow * pixels)
  for (let y = 0; y < pixels; y++) {
    for (let x = 0; x < pixels; x++) {
      const at = y * bytesPerRow + 1 + (x >> 3)
      if (!isDark(x, y)) rows[at] = (rows[at] ?? 0) | (0x80 >> (x & 7))
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(pixels, 0)
  header.writeUInt32BE(pixels, 4)
  header[8] = 1 // bits a pixel; the rest is 0: grayscale, deflate, no filter, no interlace
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}
