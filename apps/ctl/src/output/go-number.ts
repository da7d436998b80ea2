/** A float64 as Go's `%v` prints it: shortest digits, exponent form below 1e-4 and from 1e6 on (`100`, `1e+06`). */
export function formatGoFloat(value: number): string {
  return withExponent(value, 1e-4, 1e6, value.toExponential())
}

/** `%.5g`: five significant digits, exponent form from 100000 on (262144 is `2.6214e+05`). Spec 06 §11.2. */
export function formatG5(value: number): string {
  return withExponent(Number(value.toPrecision(5)), 1e-4, 1e5, value.toExponential(4))
}

/** `%.f`: a whole number, halves to the even one. */
export function formatF0(value: number): string {
  const below = Math.floor(value)
  return String(value - below === 0.5 ? below + (below % 2) : Math.round(value))
}

function withExponent(value: number, least: number, limit: number, exponential: string): string {
  const size = Math.abs(value)
  if (value === 0 || (size >= least && size < limit)) return String(value)
  const [mantissa = '', power = ''] = exponential.split('e')
  return `${Number(mantissa)}e${power[0]}${power.slice(1).padStart(2, '0')}`
}
