/** `${NAME}` in the texts of a configuration: secrets stay in the environment. */

/** A text with its references replaced. */
export interface Resolved {
  readonly text: string
  /** References to names that are not set, as they were written. */
  readonly missing: readonly string[]
}

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g

/** @param variable the value of a name, undefined if it is not set */
export function resolveReferences(text: string, variable: (name: string) => string | undefined): Resolved {
  const credentials = findCredentials(text)
  const missing: string[] = []
  const resolved = text.replace(REFERENCE, (reference, name: string, at: number) => {
    const value = variable(name)
    if (value === undefined) missing.push(reference)
    const isCredential = at >= credentials.start && at < credentials.end
    return isCredential ? asCredential(value ?? reference) : (value ?? reference)
  })
  return { text: resolved, missing }
}

/** The part of an address in front of the `@`; nothing where there is none. */
function findCredentials(text: string): { start: number; end: number } {
  const [scheme = ''] = /^\s*[a-z][a-z0-9+.-]*:\/\//i.exec(text) ?? []
  return scheme === '' ? { start: 0, end: 0 } : { start: scheme.length, end: text.lastIndexOf('@') }
}

/**
 * A password may have characters that would end it early in an address, and show the rest of it as a host. One that can
 * stand there as it is, written with %40 and the like perhaps, is left alone.
 */
function asCredential(value: string): string {
  return /^(?:[\w.~!$&'()*+,;=:-]|%[0-9a-f]{2})*$/i.test(value) ? value : encodeURIComponent(value)
}
