/**
 * The only native code: about twenty functions of libc, through koffi. Nothing but numbers, strings and byte arrays with
 * their explicit lengths crosses the border. Bound at first use, so that importing costs nothing more.
 */
import koffi from 'koffi'

type Bytes = Uint8Array

export interface Libc {
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Bytes, size: number): number
  connect(fd: number, address: Bytes, size: number): number
  listen(fd: number, backlog: number): number
  accept4(fd: number, address: Bytes | null, size: Bytes | null, flags: number): number
  getsockname(fd: number, address: Bytes, size: Bytes): number
  getsockopt(fd: number, level: number, option: number, value: Bytes, size: Bytes): number
  setsockopt(fd: number, level: number, option: number, value: Bytes, size: number): number
  /** SO_ATTACH_FILTER: a classic BPF program, 8 bytes an instruction. */
  attachFilter(fd: number, program: Bytes): number
  send(fd: number, bytes: Bytes, size: number, flags: number): number
  sendto(fd: number, bytes: Bytes, size: number, flags: number, address: Bytes, addressSize: number): number
  recv(fd: number, bytes: Bytes, size: number, flags: number): number
  recvfrom(fd: number, bytes: Bytes, size: number, flags: number, address: Bytes, addressSize: Bytes): number
  open(path: string, flags: number, mode: number): number
  close(fd: number): number
  setns(fd: number, type: number): number
  unshare(flags: number): number
  mount(source: string, target: string, type: string | null, flags: number, data: string | null): number
  umount2(target: string, flags: number): number
  flock(fd: number, operation: number): number
  /** `send` on a thread of the pool: `[result, errno]`. `bytes` must not change meanwhile. */
  sendOnThread(fd: number, bytes: Bytes, size: number, flags: number): Promise<readonly [number, number]>
  /** The same for `flock`. */
  flockOnThread(fd: number, operation: number): Promise<readonly [number, number]>
}

let bound: Libc | undefined

/** libc of this process. */
export function libc(): Libc {
  bound ??= bind()
  return bound
}

/** errno of the last call of this thread. */
export function lastErrno(): number {
  return koffi.errno()
}

export interface PollHandle {
  close(): void
}

/**
 * Calls `ready` in each turn of the event loop in which `fd` is readable or writable, until closed. Close it before `fd`: else libuv aborts the process.
 * koffi runs it without a callback scope: on Node 26 promises resolved in it would wait for another event, and an
 * exception would be lost; both are cured by `setImmediate`. The watch ends when the handle is collected, so keep it.
 */
export function pollFd(fd: number, wanted: 'readable' | 'writable', ready: () => void): PollHandle {
  const events = wanted === 'readable' ? { readable: true } : { writable: true }
  let open = true
  const handle = koffi.node.poll(fd, events, () => setImmediate(() => open && ready()))
  return {
    close() {
      if (open) handle.close()
      open = false
    },
  }
}

function bind(): Libc {
  const library = koffi.load(null)
  const fn = <F>(definition: string): F => library.func(definition) as unknown as F
  koffi.struct('tortie_sock_fprog', { len: 'uint16', filter: 'const void *' })
  const attach = library.func('setsockopt', 'int', ['int', 'int', 'int', 'const tortie_sock_fprog *', 'uint32'])
  const send = library.func('long send(int fd, const void *b, size_t n, int flags)')
  const flock = library.func('int flock(int fd, int operation)')
  return {
    socket: fn('int socket(int domain, int type, int protocol)'),
    bind: fn('int bind(int fd, const void *a, uint32 n)'),
    connect: fn('int connect(int fd, const void *a, uint32 n)'),
    listen: fn('int listen(int fd, int backlog)'),
    accept4: fn('int accept4(int fd, void *a, void *n, int flags)'),
    getsockname: fn('int getsockname(int fd, void *a, void *n)'),
    getsockopt: fn('int getsockopt(int fd, int level, int option, void *v, void *n)'),
    setsockopt: fn('int setsockopt(int fd, int level, int option, const void *v, uint32 n)'),
    attachFilter: (fd, program) => attach(fd, 1, 26, { len: program.length / 8, filter: program }, 16) as number,
    send: send as unknown as Libc['send'],
    sendto: fn('long sendto(int fd, const void *b, size_t n, int flags, const void *a, uint32 an)'),
    recv: fn('long recv(int fd, void *b, size_t n, int flags)'),
    recvfrom: fn('long recvfrom(int fd, void *b, size_t n, int flags, void *a, void *an)'),
    open: fn('int open(const char *path, int flags, int mode)'),
    close: fn('int close(int fd)'),
    setns: fn('int setns(int fd, int type)'),
    unshare: fn('int unshare(int flags)'),
    mount: fn('int mount(const char *s, const char *t, const char *f, ulong flags, const char *d)'),
    umount2: fn('int umount2(const char *t, int flags)'),
    flock: flock as unknown as Libc['flock'],
    sendOnThread: (...given) => onThread(send, given),
    flockOnThread: (...given) => onThread(flock, given),
  }
}

/** Calls `fn` on a thread of the pool; resolves with its result and errno. */
function onThread(
  fn: ReturnType<ReturnType<typeof koffi.load>['func']>,
  given: readonly unknown[],
): Promise<readonly [number, number]> {
  return new Promise((resolve, reject) => {
    fn.async(...given, (error: unknown, result: number) => {
      const errno = koffi.errno()
      if (error) reject(error)
      else resolve([result, errno])
    })
  })
}
