/** A screen of its own for a view that is drawn again and again; what was on the terminal before comes back. */

import { columnsOf } from './views/text-width.js'

/** What a view has room for, in columns and lines. */
export interface ScreenSize {
  readonly rows: number
  readonly columns: number
}

/** The screen while it is open. */
export interface Screen {
  /** Draws a view, and again whenever the terminal changes its size. */
  draw(view: (size: ScreenSize) => string): void
  /** Resolves when the person at the keyboard wants to leave: `q`, Escape or Ctrl-C; or when the terminal is closed. */
  readonly left: Promise<void>
  /** Gives the terminal back. Also done when the process ends by itself. */
  close(): void
}

type Output = Pick<NodeJS.WriteStream, 'write' | 'on' | 'off'> & { readonly rows?: number; readonly columns?: number }
type Keyboard = Pick<NodeJS.ReadStream, 'isTTY' | 'setRawMode' | 'resume' | 'pause' | 'on' | 'off' | 'unref'>

const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const CLEAR_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'
const LEAVING_KEYS = ['q', 'Q', '\u0003']
const ESCAPE = '\u001b'
/** Of a terminal that is closed, and of somebody who wants the program gone. */
const leavingSignals = ['SIGHUP', 'SIGQUIT'] as const
const DEFAULT_SIZE: ScreenSize = { rows: 24, columns: 80 }

/** Opens it on a terminal. */
export function openScreen(output: Output, keyboard: Keyboard): Screen {
  let view: ((size: ScreenSize) => string) | null = null
  let isOpen = true
  const show = (): void => {
    if (view === null || !isOpen) return
    // A terminal that does not know its size says 0: serial lines, containers.
    const size = { rows: output.rows || DEFAULT_SIZE.rows, columns: output.columns || DEFAULT_SIZE.columns }
    const lines = view(size)
      .split('\n')
      .map((line) => cutLine(line, size.columns) + CLEAR_LINE)
    output.write(HOME + lines.join('\r\n') + CLEAR_BELOW)
  }
  const keys = listenForKeys(keyboard)
  let hangUp = (): void => {}
  const closed = new Promise<void>((resolve) => {
    hangUp = resolve
  })
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    output.write(LEAVE)
    output.off('resize', show)
    process.off('exit', close)
    for (const signal of leavingSignals) process.off(signal, hangUp)
    keys.stop()
  }
  output.write(ENTER)
  output.on('resize', show)
  process.on('exit', close)
  for (const signal of leavingSignals) process.on(signal, hangUp)
  return {
    draw: (next) => {
      view = next
      show()
    },
    left: Promise.race([keys.left, closed]),
    close,
  }
}

/** Keys come one by one, and are not shown. Where nobody is at a keyboard, none comes. */
function listenForKeys(keyboard: Keyboard): { readonly left: Promise<void>; stop(): void } {
  if (!keyboard.isTTY) return { left: new Promise(() => {}), stop() {} }
  let leave = (): void => {}
  const left = new Promise<void>((resolve) => {
    leave = resolve
  })
  const onKey = (bytes: Buffer): void => {
    const keys = bytes.toString('utf8')
    // An arrow begins with Escape as well, and goes on.
    if (keys === ESCAPE || LEAVING_KEYS.some((key) => keys.startsWith(key))) leave()
  }
  keyboard.setRawMode(true)
  keyboard.on('data', onKey)
  keyboard.resume()
  keyboard.unref()
  const stop = (): void => {
    keyboard.off('data', onKey)
    keyboard.setRawMode(false)
    keyboard.pause()
  }
  return { left, stop }
}

/** Colours take no room: they are counted as nothing, and a line that is cut ends without one. */
export function cutLine(line: string, columns: number): string {
  let room = columns
  let cut = ''
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is how colours are written
  for (const piece of line.match(/\u001b\[[0-9;]*m|[^\u001b]/gu) ?? []) {
    if (piece.startsWith('\u001b')) cut += piece
    else if (columnsOf(piece) <= room) {
      cut += piece
      room -= columnsOf(piece)
    } else room = -1
  }
  return cut
}
