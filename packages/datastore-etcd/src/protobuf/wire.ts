/** Reads the protobuf wire format in place. Every method throws RangeError when the message ends too early. */
export class Reader {
  readonly bytes: Buffer
  at = 0
  end: number

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.end = bytes.length
  }

  /** A varint below 2^53: tags, lengths, enums, booleans. */
  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.#byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw new RangeError('a number is too long')
  }

  /** A varint of 64 bits, signed, as decimal text. */
  int64(): string {
    const start = this.at
    let value = 0
    for (let scale = 1; scale < 2 ** 49; scale *= 128) {
      const byte = this.#byte()
      value += (byte & 127) * scale
      if (byte < 128) return String(value)
    }
    this.at = start
    return this.#bigInt64()
  }

  /** What a length before it delimits; a view of the message. */
  delimited(): Buffer {
    const end = this.delimitedEnd()
    const bytes = this.bytes.subarray(this.at, end)
    this.at = end
    return bytes
  }

  text(): string {
    const end = this.delimitedEnd()
    const text = this.bytes.toString('utf8', this.at, end)
    this.at = end
    return text
  }

  /** Reads a length, and returns where what follows ends. */
  delimitedEnd(): number {
    const length = this.varint()
    const end = this.at + length
    if (end > this.end) throw new RangeError('the message ends too early')
    return end
  }

  /** Steps over a field that is not known. */
  skip(wire: number): void {
    if (wire === 0) while (this.#byte() > 127);
    else if (wire === 2) this.at = this.delimitedEnd()
    else if (wire === 1 || wire === 5) this.#step(wire === 1 ? 8 : 4)
    else throw new RangeError(`wire type ${wire} is not known`)
  }

  #bigInt64(): string {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return String(BigInt.asIntN(64, value))
    }
    throw new RangeError('a number is too long')
  }

  #step(length: number): void {
    if (this.at + length > this.end) throw new RangeError('the message ends too early')
    this.at += length
  }

  #byte(): number {
    if (this.at >= this.end) throw new RangeError('the message ends too early')
    return this.bytes[this.at++] ?? 0
  }
}

/** Writes the protobuf wire format into a buffer that grows. */
export class Writer {
  #bytes: Buffer = Buffer.allocUnsafe(256)
  #at = 0

  varint(value: number): void {
    this.#reserve(10)
    let rest = value
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#at++] = rest
  }

  /** Decimal text as 64 bits, two's complement. */
  int64(text: string): void {
    if (text.length <= 15 && text[0] !== '-') {
      this.varint(Number(text))
      return
    }
    this.#reserve(10)
    let rest = BigInt.asUintN(64, BigInt(text))
    while (rest > 127n) {
      this.#bytes[this.#at++] = Number(rest & 127n) | 128
      rest >>= 7n
    }
    this.#bytes[this.#at++] = Number(rest)
  }

  delimited(bytes: Uint8Array): void {
    this.varint(bytes.length)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  text(text: string): void {
    const length = Buffer.byteLength(text)
    this.varint(length)
    this.#reserve(length)
    this.#at += this.#bytes.write(text, this.#at, length, 'utf8')
  }

  /** What was written; valid until more is. */
  done(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + length))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}
