import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { check, LinuxError, syscallError } from './errors.ts'
import { enterNetns, type Netns, netnsDirectory, openCurrentNetns, openNetns } from './netns.ts'
import { lastErrno, libc } from './sys.ts'

const CLONE_NEWNET = 0x40000000
const MS_BIND = 0x1000
const MS_REC = 0x4000
const MS_SHARED = 0x100000
const MNT_DETACH = 2
const O_CREAT_EXCL_CLOEXEC = 0o100 | 0o200 | 0o2000000
const EINVAL = 22

/**
 * A new network namespace under a name, as `ip netns add` makes it: seen by `ip netns`, kept until `deleteNetns`.
 * @throws LinuxError `linux/exists`, `linux/not-permitted`
 */
export function createNetns(name: string): Netns {
  if (name === '' || name.includes('/') || name === '.' || name === '..')
    throw new LinuxError('linux/bad-use', {
      object: `network namespace '${name}'`,
      why: 'the name must be a file name',
    })
  const path = `${netnsDirectory}/${name}`
  shareDirectory()
  const file = check(libc().open(path, O_CREAT_EXCL_CLOEXEC, 0o444), 'open', `network namespace ${path}`)
  libc().close(file)
  try {
    // Entering where we are makes sure that the thread comes back from the new namespace.
    using here = openCurrentNetns()
    enterNetns(here, () => {
      check(libc().unshare(CLONE_NEWNET), 'unshare', `network namespace ${path}`)
      check(libc().mount('/proc/thread-self/ns/net', path, 'none', MS_BIND, null), 'mount', path)
    })
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  }
  return openNetns(path)
}

/**
 * Removes the name; the namespace goes when nothing uses it any more. Nothing happens when there is no such name.
 * @throws LinuxError `linux/not-permitted`
 */
export function deleteNetns(name: string): void {
  const path = `${netnsDirectory}/${name}`
  const ENOENT = 2
  if (libc().umount2(path, MNT_DETACH) < 0 && lastErrno() !== EINVAL && lastErrno() !== ENOENT)
    throw syscallError('umount2', path)
  rmSync(path, { force: true })
}

/** The directory must be a shared mount, so that names made here are seen in other mount namespaces and go there too. */
function shareDirectory(): void {
  mkdirSync(netnsDirectory, { recursive: true, mode: 0o755 })
  const { mount } = libc()
  if (isMountPoint(netnsDirectory)) return
  check(mount(netnsDirectory, netnsDirectory, 'none', MS_BIND | MS_REC, null), 'mount', netnsDirectory)
  check(mount('', netnsDirectory, 'none', MS_SHARED | MS_REC, null), 'mount', netnsDirectory)
}

function isMountPoint(path: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .some((line) => line.split(' ')[4] === path)
}
