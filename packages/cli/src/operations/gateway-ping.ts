/** Whether a gateway answers. */

const PATIENCE_MS = 1_000

/** What is at an address. `silent`: whoever is there did not answer within a second; a process that hangs is so. */
export type Ping =
  | { readonly kind: 'answers'; readonly version: string }
  | { readonly kind: 'silent' | 'none'; readonly version: null }

/** Asks for the version of the gateway at an address. */
export async function pingGateway(url: string): Promise<Ping> {
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}/runguard/health`, {
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    const { status, version } = (await response.json()) as { status?: unknown; version?: unknown }
    const isOurs = response.ok && status === 'ok' && typeof version === 'string'
    return isOurs ? { kind: 'answers', version: version.slice(0, 40) } : NONE
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? { kind: 'silent', version: null } : NONE
  }
}

const NONE: Ping = { kind: 'none', version: null }
