/** The two ways out: data on stdout for the next program, chatter on stderr for the person. */

import pc from 'picocolors'

/** Functions that colour a text, or leave it as it is. */
export type Colors = ReturnType<typeof pc.createColors>

/** Where a command writes. */
export interface Terminal {
  /** Colours for what is printed. */
  readonly colors: Colors
  /** Data on stdout, exactly as it is. Goes nowhere once nobody reads it any more. */
  write(text: string): void
  /** Data: a line, or several, on stdout. */
  print(text: string): void
  /** Chatter: a line, or several, on stderr. */
  say(text: string): void
  /** One line on stderr that each call replaces, where a person watches; `''` takes it away. */
  showProgress(text: string): void
}

/** No colours at all. */
export const plainColors: Colors = pc.createColors(false)

/** What is needed of a stream. */
interface Output {
  readonly isTTY?: boolean
  write(text: string): boolean
  on(event: 'error', listener: () => void): unknown
}

/**
 * What a terminal obeys, but for line breaks, tabs and our own colours. Views make names harmless; this is for what gets
 * past them, such as a name in JSON.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: what begins a colour is one
const DRIVING = /(?!\u001b\[[\d;]*m|\r\n|[\n\t])\p{Cc}/gu

/** @param hasColors whether colours are wanted; they are used only where a terminal shows them */
export function openTerminal(stdout: Output, stderr: Output, hasColors: boolean): Terminal {
  const write = writer(stdout)
  const writeChatter = writer(stderr)
  const show = (output: Output, text: string): string => (output.isTTY ? text.replace(DRIVING, '\ufffd') : text)
  return {
    colors: hasColors && stdout.isTTY ? pc.createColors(true) : plainColors,
    write: (text) => write(show(stdout, text)),
    print: (text) => write(`${show(stdout, text)}\n`),
    say: (text) => writeChatter(`${show(stderr, text)}\n`),
    showProgress: (text) => {
      if (stderr.isTTY) writeChatter(`\r\u001b[2K${text}`)
    },
  }
}

/** Stops at the first fault of its stream: every later write would only fail again. */
function writer(output: Output): (text: string) => void {
  let isOpen = true
  output.on('error', () => {
    isOpen = false
  })
  return (text) => {
    if (isOpen) output.write(text)
  }
}
