/** A time as Go prints it, which is what allocations carry: `2026-08-10 12:00:00.123456789 +0000 UTC`. */
export function formatGoTime(wallNs: bigint): string {
  const seconds = new Date(Number(wallNs / 1_000_000_000n) * 1_000).toISOString().slice(0, 19).replace('T', ' ')
  const fraction = String(wallNs % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${seconds}${fraction === '' ? '' : `.${fraction}`} +0000 UTC`
}
