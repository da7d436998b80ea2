import { same } from './changes.ts'
import type { Listen, SpeakerConfig } from './config.ts'
import { textOf } from './lapse.ts'
import type { Connection, Listener, Network } from './ports.ts'
import type { Timer, Timers } from './timers.ts'

/** Seconds until a listener that could not be opened is tried again: doubled, up to the last. */
const retry = { first: 1, longest: 30 }

interface Wanted {
  readonly listen: Listen
  listener: Listener | undefined
  opening: boolean
  failures: number
  readonly again: Timer
}

/** The sockets that a speaker listens on, and the passwords of whoever may connect. */
export class Listeners {
  private wanted: Wanted[] = []
  private outgoing: Wanted[] = []
  private passwords: ReadonlyMap<string, string> = new Map()
  private readonly network: Network
  private readonly timers: Timers
  private readonly accept: (connection: Connection) => void
  private readonly problem: (why: string) => void

  constructor(
    network: Network,
    timers: Timers,
    accept: (connection: Connection) => void,
    problem: (why: string) => void,
  ) {
    this.network = network
    this.timers = timers
    this.accept = accept
    this.problem = problem
  }

  /** New ones are opened before old ones are closed (spec 05 A10). */
  configure({ listen, peers, dynamic = [] }: SpeakerConfig): void {
    this.passwords = passwordsOf(peers, dynamic)
    const before = this.wanted
    this.wanted = listen.map((one) => before.find((old) => same(old.listen, one)) ?? this.want(one))
    this.outgoing.push(...before.filter((old) => !this.wanted.includes(old)))
    for (const one of this.wanted) this.setPasswords(one)
    for (const one of this.wanted) void this.open(one)
    this.closeOutgoing()
  }

  close(): void {
    this.outgoing.push(...this.wanted)
    this.wanted = []
    this.closeOutgoing()
  }

  private want(listen: Listen): Wanted {
    const again = this.timers.create(() => void this.open(one))
    const one: Wanted = { listen, listener: undefined, opening: false, failures: 0, again }
    return one
  }

  private async open(one: Wanted): Promise<void> {
    if (one.listener || one.opening) return
    one.opening = true
    try {
      const listener = await this.network.listen(one.listen, this.passwords, this.accept)
      one.listener = listener
      if (this.wanted.includes(one)) this.setPasswords(one)
      else listener.close()
    } catch (error) {
      this.problem(describeFailure(one.listen, error))
      // It may be the old one that is in the way.
      this.closeAll()
      if (this.wanted.includes(one)) one.again.arm(Math.min(retry.first * 2 ** one.failures++, retry.longest))
    } finally {
      one.opening = false
    }
    this.closeOutgoing()
  }

  /** Without its password nobody is to be let in: a listener that cannot have them closes, and is tried again. */
  private setPasswords(one: Wanted): void {
    try {
      one.listener?.setPasswords(this.passwords)
    } catch (error) {
      this.problem(`passwords are refused: ${textOf(error)}`)
      one.listener?.close()
      one.listener = undefined
      one.again.arm(retry.first)
    }
  }

  private closeOutgoing(): void {
    if (this.wanted.every(({ listener }) => listener)) this.closeAll()
  }

  private closeAll(): void {
    for (const { listener, again } of this.outgoing.splice(0)) {
      again.cancel()
      listener?.close()
    }
  }
}

/** What helps, by the kernel's word for what is wrong. */
const cures: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there (BIRD, or a second agent): end it, or take another port',
  EACCES: 'ports below 1024 need the capability CAP_NET_BIND_SERVICE: grant it, or take another port',
  EADDRNOTAVAIL: 'no interface has that address yet',
}

function describeFailure({ address = 'every address', port, family }: Listen, error: unknown): string {
  const words = textOf(error)
  const cure = Object.entries(cures).find(([word]) => words.includes(word))?.[1]
  const helps = cure === undefined ? '' : `; ${cure}`
  return `cannot listen on ${address} port ${port} (IPv${family}): ${words}${helps}. It is tried again; we dial meanwhile`
}

function passwordsOf(peers: SpeakerConfig['peers'], dynamic: NonNullable<SpeakerConfig['dynamic']>) {
  const passwords = new Map<string, string>()
  for (const { prefix, peer } of dynamic) if (peer.password) passwords.set(prefix, peer.password)
  for (const { address, password } of peers) if (password) passwords.set(address, password)
  return passwords
}
