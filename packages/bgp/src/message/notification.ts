import { CeaseSubcode, ErrorCode, FsmSubcode, HeaderSubcode, OpenSubcode, UpdateSubcode } from './iana.ts'

export interface NotificationMessage {
  readonly kind: 'NOTIFICATION'
  readonly code: number
  readonly subcode: number
  readonly data: Uint8Array
}

const noData = new Uint8Array(0)

/** The NOTIFICATION for an error; numbers are in `ErrorCode` and the tables of subcodes. */
export function notification(code: number, subcode = 0, data: Uint8Array = noData): NotificationMessage {
  return { kind: 'NOTIFICATION', code, subcode, data }
}

/** Cease with a text for the operator on the other side (RFC 9003); cut at 255 octets, never inside a character. */
export function shutdown(
  kind: 'administrativeShutdown' | 'administrativeReset',
  text = '',
): NotificationMessage & { readonly code: typeof ErrorCode.cease } {
  const bytes = new TextEncoder().encode(text)
  let size = Math.min(bytes.length, 255)
  while (size < bytes.length && size > 0 && ((bytes[size] ?? 0) & 0xc0) === 0x80) size--
  const data = new Uint8Array(text === '' ? 0 : size + 1)
  if (data.length > 0) {
    data[0] = size
    data.set(bytes.subarray(0, size), 1)
  }
  return { kind: 'NOTIFICATION', code: ErrorCode.cease, subcode: CeaseSubcode[kind], data }
}

/** The operator's text of a Cease (RFC 9003); undefined when there is none, or it is malformed. */
export function shutdownText({ code, subcode, data }: NotificationMessage): string | undefined {
  const carries = subcode === CeaseSubcode.administrativeShutdown || subcode === CeaseSubcode.administrativeReset
  const [size = 0] = data
  if (code !== ErrorCode.cease || !carries || size === 0 || size + 1 > data.length) return undefined
  return new TextDecoder().decode(data.subarray(1, 1 + size))
}

/** Wrapped so that the peer does not restart gracefully: RFC 8538 §3.1. */
export function hardReset({ code, subcode, data }: NotificationMessage): NotificationMessage {
  const wrapped = new Uint8Array(2 + data.length)
  wrapped.set([code, subcode])
  wrapped.set(data, 2)
  return notification(ErrorCode.cease, CeaseSubcode.hardReset, wrapped)
}

/** What a Hard Reset wraps; undefined for any other NOTIFICATION. */
export function hardResetReason({ code, subcode, data }: NotificationMessage): NotificationMessage | undefined {
  const [innerCode, innerSubcode] = data
  if (code !== ErrorCode.cease || subcode !== CeaseSubcode.hardReset) return undefined
  if (innerCode === undefined || innerSubcode === undefined) return undefined
  return notification(innerCode, innerSubcode, data.slice(2))
}

type Names = Readonly<Record<string, number>>
const subcodes: Readonly<Record<number, Names | undefined>> = {
  [ErrorCode.header]: HeaderSubcode,
  [ErrorCode.open]: OpenSubcode,
  [ErrorCode.update]: UpdateSubcode,
  [ErrorCode.fsm]: FsmSubcode,
  [ErrorCode.cease]: CeaseSubcode,
}

const nameIn = (names: Names | undefined, value: number): string | undefined =>
  Object.entries(names ?? {}).find(([, number]) => number === value)?.[0]

/** One line: `cease/administrativeShutdown: bye`, with numbers where there is no name. */
export function formatNotification(message: NotificationMessage): string {
  const code = nameIn(ErrorCode, message.code) ?? String(message.code)
  const subcode = nameIn(subcodes[message.code], message.subcode) ?? (message.subcode || '')
  const inner = hardResetReason(message)
  const text = inner ? formatNotification(inner) : shutdownText(message)
  return `${code}${subcode === '' ? '' : `/${subcode}`}${text === undefined ? '' : `: ${text}`}`
}
