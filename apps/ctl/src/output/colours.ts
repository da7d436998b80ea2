import { styleText } from 'node:util'
import type { Shell } from '../shell.ts'

type Colour = 'red' | 'green' | 'cyan' | 'bold'

/** Colours a text for standard output; elsewhere than on a terminal, and with NO_COLOR, leaves it as it is. */
export function colours({
  host,
  environment,
}: Pick<Shell, 'host' | 'environment'>): (colour: Colour, text: string) => string {
  if (!host.isTerminal('stdout') || environment.NO_COLOR) return (_colour, text) => text
  return (colour, text) => styleText(colour, text, { validateStream: false })
}
