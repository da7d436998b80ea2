import { monitorEventLoopDelay } from 'node:perf_hooks'

const windowMs = 10_000
const resolutionMs = 10

/** Milliseconds by which timers of this thread were late at most, in the last ten to twenty seconds. */
export function measureLoopLag(): () => number {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  let before = 0
  const latest = (): number => (delays.count === 0 ? 0 : Math.max(0, delays.max / 1e6 - resolutionMs))
  setInterval(() => {
    before = latest()
    delays.reset()
  }, windowMs).unref()
  return () => Math.max(before, latest())
}
