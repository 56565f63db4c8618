/** Whether a gateway answers. */

const PATIENCE_MS = 1_000

/** The version of the gateway at an address; null if none answers there within a second. */
export async function pingGateway(url: string): Promise<string | null> {
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}/runguard/health`, {
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    const { status, version } = (await response.json()) as { status?: unknown; version?: unknown }
    return response.ok && status === 'ok' && typeof version === 'string' ? version.slice(0, 40) : null
  } catch {
    return null
  }
}
