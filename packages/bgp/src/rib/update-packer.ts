import type { Family } from '@tortie/ip'
import { encodeAttributes } from '../message/attributes.ts'
import { Afi, AttributeType, MessageType, RefreshSubtype, Safi } from '../message/iana.ts'
import { writeMessage } from '../message/message.ts'
import type { WireOptions } from '../message/options.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import { endOfRib } from '../message/update.ts'
import { ByteWriter } from '../message/writer.ts'
import type { PrefixTable } from './prefix-table.ts'

const bodyAt = 19
/** Optional, with a length of two octets. */
const multiprotocolFlags = 0x90
/** A path identifier, a length, an address. */
const longestNlri = 4 + 1 + 16

/**
 * Writes UPDATEs as full as they may be: `announce` or `withdraw` begins, `add` gives one prefix after the other, `end`
 * closes the last message. PERF: a prefix costs the writing of its bytes; attributes are encoded once for all messages.
 */
export class UpdatePacker {
  readonly #prefixes: PrefixTable
  readonly #wire: WireOptions
  readonly #limit: number
  readonly #message: Uint8Array
  readonly #head = new ByteWriter()
  readonly #tail = new ByteWriter()
  #writer: ByteWriter = this.#head
  /** Bytes of `#message` in use; no prefix beyond `#room`. */
  #at = 0
  #room = 0
  /** Where the length of the field with the prefixes is, and whether it is a multiprotocol attribute. */
  #lengthAt = 0
  #multiprotocol = false
  #open = false

  constructor(prefixes: PrefixTable, wire: WireOptions) {
    this.#prefixes = prefixes
    this.#wire = wire
    this.#limit = wire.extendedMessage ? 65_535 : 4096
    this.#message = new Uint8Array(this.#limit)
    this.#message.fill(0xff, 0, 16)
    this.#message[18] = MessageType.UPDATE
  }

  /** @returns false, with nothing begun, when the attributes leave no room for a prefix */
  announce(writer: ByteWriter, attributes: PathAttributes, nextHop: string): boolean {
    const { family } = this.#prefixes
    this.#writer = writer
    this.#multiprotocol = nextHop.includes(':')
    encodeAttributes(this.#tail.reset(), attributes, this.#wire)
    const attributesSize = this.#tail.length
    this.#head.reset()
    if (this.#multiprotocol) {
      this.#head.u32(0).u8(multiprotocolFlags).u8(AttributeType.MP_REACH_NLRI).u16(0)
      this.#head.u16(afiOf(family)).u8(Safi.unicast).u8(16).address(nextHop).u8(0)
      this.#lengthAt = bodyAt + 6
    } else {
      this.#head.u16(0).u16(attributesSize).raw(this.#tail.bytes)
      this.#tail.reset()
    }
    return bodyAt + this.#head.length + this.#tail.length + longestNlri <= this.#limit
  }

  withdraw(writer: ByteWriter): void {
    const { family } = this.#prefixes
    this.#writer = writer
    this.#multiprotocol = family === 6
    this.#head.reset()
    this.#tail.reset()
    if (this.#multiprotocol) {
      this.#head.u32(0).u8(multiprotocolFlags).u8(AttributeType.MP_UNREACH_NLRI).u16(0)
      this.#head.u16(afiOf(family)).u8(Safi.unicast)
      this.#lengthAt = bodyAt + 6
    } else {
      this.#head.u16(0)
      this.#tail.u16(0)
      this.#lengthAt = bodyAt
    }
    this.#classicWithdrawal = !this.#multiprotocol
  }
  #classicWithdrawal = false

  /** One prefix more, by its number; `pathId` is used when ADD-PATH was negotiated. */
  add(prefix: number, pathId: number): void {
    if (!this.#open) this.#begin()
    else if (this.#at + longestNlri > this.#room) {
      this.#close()
      this.#begin()
    }
    const { words, lengths, perAddress, family } = this.#prefixes
    const bytes = this.#message
    let at = this.#at
    if (this.#wire.addPath[family]) {
      bytes[at++] = pathId >>> 24
      bytes[at++] = pathId >>> 16
      bytes[at++] = pathId >>> 8
      bytes[at++] = pathId
    }
    const length = lengths[prefix] as number
    bytes[at++] = length
    const size = (length + 7) >> 3
    const from = prefix * perAddress
    for (let i = 0; i < size; i++) bytes[at++] = (words[from + (i >> 2)] as number) >>> (24 - 8 * (i & 3))
    this.#at = at
  }

  end(): void {
    if (this.#open) this.#close()
    this.#classicWithdrawal = false
  }

  #begin(): void {
    this.#message.set(this.#head.bytes, bodyAt)
    this.#at = bodyAt + this.#head.length
    this.#room = this.#limit - this.#tail.length
    this.#open = true
  }

  #close(): void {
    const bytes = this.#message
    if (this.#multiprotocol) {
      put16(bytes, this.#lengthAt, this.#at - this.#lengthAt - 2)
      put16(bytes, bodyAt + 2, this.#at + this.#tail.length - bodyAt - 4)
    } else if (this.#classicWithdrawal) put16(bytes, this.#lengthAt, this.#at - this.#lengthAt - 2)
    bytes.set(this.#tail.bytes, this.#at)
    const size = this.#at + this.#tail.length
    put16(bytes, 16, size)
    this.#writer.raw(bytes.subarray(0, size))
    this.#open = false
  }
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

const afiOf = (family: Family): number => (family === 4 ? Afi.IPv4 : Afi.IPv6)

export function writeEndOfRib(writer: ByteWriter, family: Family, wire: WireOptions): void {
  writeMessage(writer, endOfRib(family), wire)
}

/** BoRR or EoRR: RFC 7313 §3.2. */
export function writeRefreshMarker(
  writer: ByteWriter,
  family: Family,
  subtype: keyof typeof RefreshSubtype,
  wire: WireOptions,
): void {
  const afi = afiOf(family)
  writeMessage(writer, { kind: 'ROUTE-REFRESH', afi, subtype: RefreshSubtype[subtype], safi: Safi.unicast }, wire)
}
