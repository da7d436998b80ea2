import { closeSync, constants, type FSWatcher, openSync, watch, writeSync } from 'node:fs'
import type { Call, Clock, Log } from '@tortie/runtime'

interface DoorbellPorts {
  readonly clock: Clock
  readonly log: Log
}

/** How often listeners look without having been called: a writer may be killed between its commit and its ring. */
const safetyMs = 1_000

/**
 * Tells other processes that something was committed: a file of one byte that is written anew, which they watch with
 * inotify. What this process commits, it hears at once.
 */
export class Doorbell {
  /** How often it rang. Read it before looking at the store, and wait for more afterwards: then no ring is missed. */
  rings = 0
  readonly #file: string
  readonly #ports: DoorbellPorts
  readonly #waiting = new Set<() => void>()
  #fd: number | undefined
  #watcher: FSWatcher | undefined
  #listeners = 0
  #safety = new AbortController()

  constructor(file: string, ports: DoorbellPorts) {
    this.#file = file
    this.#ports = ports
  }

  /** After a commit. If it fails, others learn of the commit later, not never. */
  ring(): void {
    this.heard()
    try {
      this.#fd ??= this.#open()
      writeSync(this.#fd, '.', 0)
    } catch (error) {
      this.#ports.log.warn('datastore.embedded.doorbell', { file: this.#file, error })
    }
  }

  /** Hears other processes until disposed. */
  listen(): Disposable {
    if (this.#listeners++ === 0) {
      this.#startWatching()
      this.#safety = new AbortController()
      void this.#lookRegularly(this.#safety)
    }
    return {
      [Symbol.dispose]: () => {
        if (--this.#listeners === 0) this.#stopListening()
      },
    }
  }

  /** Wakes everyone who waits here. */
  heard(): void {
    this.rings++
    for (const wake of [...this.#waiting]) wake()
  }

  /** Resolves when it has rung more than `rings` times; throws `signal.reason` on abort. */
  async heardMoreThan(rings: number, { signal }: Call): Promise<void> {
    signal.throwIfAborted()
    if (this.rings > rings) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#waiting.add(done)
      signal.addEventListener('abort', done)
    })
    signal.throwIfAborted()
  }

  /** The file was replaced: listens to and rings the one that is there now. */
  reopen(): void {
    this.close()
    if (this.#listeners === 0) return
    this.#startWatching()
    this.heard()
  }

  close(): void {
    this.#watcher?.close()
    this.#watcher = undefined
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #open(): number {
    return openSync(this.#file, constants.O_RDWR | constants.O_CREAT, 0o600)
  }

  #startWatching(): void {
    try {
      this.#fd ??= this.#open()
      this.#watcher = watch(this.#file, (event) => (event === 'rename' ? this.reopen() : this.heard()))
      this.#watcher.on('error', (error) => this.#deaf(error))
    } catch (error) {
      this.#deaf(error)
    }
  }

  #deaf(error: unknown): void {
    this.#watcher?.close()
    this.#watcher = undefined
    this.#ports.log.warn('datastore.embedded.deaf', {
      file: this.#file,
      error,
      effect: 'changes of other processes are seen once a second',
      remedy: 'raise fs.inotify.max_user_instances and fs.inotify.max_user_watches',
    })
  }

  #stopListening(): void {
    this.#watcher?.close()
    this.#watcher = undefined
    this.#safety.abort()
  }

  async #lookRegularly({ signal }: AbortController): Promise<void> {
    try {
      for (;;) {
        await this.#ports.clock.sleep(safetyMs, { signal })
        this.heard()
      }
    } catch {
      // Nobody listens any more.
    }
  }
}
