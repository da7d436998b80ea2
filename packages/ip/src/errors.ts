/** Text that is not an address or prefix. `code` is stable; `text` is the offending input. */
export class IpError extends Error {
  override readonly name = 'IpError'
  readonly code: 'ip/bad-address' | 'ip/bad-prefix'
  readonly text: string
  /** The reason alone. */
  readonly why: string

  constructor(code: IpError['code'], text: string, why: string) {
    super(`${JSON.stringify(text)} is not ${code === 'ip/bad-address' ? 'an IP address' : 'an IP prefix'}: ${why}`)
    this.code = code
    this.text = text
    this.why = why
  }
}
