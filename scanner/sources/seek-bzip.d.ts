/** The part of seek-bzip 2.0.0 that is used; it comes without types. */
declare module "seek-bzip" {
  type Output = {
    writeByte(byte: number): void
    write(bytes: Uint8Array, at: number, length: number): number
    flush(): void
  }
  const bzip: { decode(input: Uint8Array, output: Output, multistream: boolean): unknown }
  export default bzip
}
