import { writeAddress } from '@tortie/ip'
import { BgpError } from '../errors.ts'

/** A growable buffer in network byte order. Every method returns the writer, so that fields read as a list. */
export class ByteWriter {
  private buffer: Uint8Array<ArrayBuffer>
  private view: DataView<ArrayBuffer>
  /** Bytes written. */
  length = 0

  constructor(initialBytes = 4096) {
    this.buffer = new Uint8Array(Math.max(initialBytes, 64))
    this.view = new DataView(this.buffer.buffer)
  }

  /** What is written, without a copy: valid until the next write or `reset`. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.length)
  }

  /** Cuts back to `length` bytes (0: everything); the buffer is used again. */
  reset(length = 0): this {
    this.length = length
    return this
  }

  u8(value: number): this {
    const at = this.claim(1)
    this.buffer[at] = value
    return this
  }

  u16(value: number): this {
    const at = this.claim(2)
    this.view.setUint16(at, value)
    return this
  }

  u32(value: number): this {
    const at = this.claim(4)
    this.view.setUint32(at, value)
    return this
  }

  u64(value: bigint): this {
    const at = this.claim(8)
    this.view.setBigUint64(at, value)
    return this
  }

  raw(bytes: Uint8Array): this {
    const at = this.claim(bytes.length)
    this.buffer.set(bytes, at)
    return this
  }

  /** 4 or 16 bytes of an address. @throws IpError */
  address(text: string): this {
    const at = this.claim(16)
    this.length = at + writeAddress(text, this.buffer, at)
    return this
  }

  /** The 4 bytes of an IPv4 address or identifier. @throws IpError, BgpError for IPv6 */
  ipv4(text: string): this {
    if (text.includes(':')) throw new BgpError('bgp/bad-value', { field: text, why: 'an IPv4 address is needed' })
    return this.address(text)
  }

  /** Overwrites a byte that was written before. */
  patchU8(at: number, value: number): this {
    if (value > 255) throw new BgpError('bgp/bad-value', { field: 'length', why: `${value} does not fit one byte` })
    this.buffer[at] = value
    return this
  }

  /** Overwrites two bytes that were written before. */
  patchU16(at: number, value: number): this {
    if (value > 0xffff) throw new BgpError('bgp/message-too-long', { message: 'a field', size: value, limit: 0xffff })
    this.view.setUint16(at, value)
    return this
  }

  /** Opens a gap of `bytes` at `at`; what follows moves. */
  insert(at: number, bytes: number): this {
    const end = this.length
    this.claim(bytes)
    this.buffer.copyWithin(at + bytes, at, end)
    return this
  }

  private claim(bytes: number): number {
    const at = this.length
    const needed = at + bytes
    if (needed > this.buffer.length) {
      let size = this.buffer.length * 2
      while (size < needed) size *= 2
      const grown = new Uint8Array(size)
      grown.set(this.buffer.subarray(0, at))
      this.buffer = grown
      this.view = new DataView(grown.buffer)
    }
    this.length = needed
    return at
  }
}

/** A view of the same bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
