import { ApiError } from './api-error.js'
import { type Exchange, headerOf } from './exchange.js'
import { digest } from './ids.js'
import type { ApiVersion } from './request.js'

const versions: readonly ApiVersion[] = ['2023-06-01', '2026-10-21']

/** The workspace that a credential belongs to: every credential has one of its own. */
export function workspaceOf(credential: string): string {
  return `wrkspc_${digest('workspace', credential).slice(0, 24)}`
}

/** Finds out who calls. Throws the API's 401 when nobody says so. */
export function identify({ request, response, draft }: Exchange): void {
  const credential = headerOf(request, 'x-api-key') ?? bearerOf(headerOf(request, 'authorization'))
  if (credential === null || credential.trim() === '') throw new ApiError(401, 'x-api-key header is required')
  draft.workspace = workspaceOf(credential)
  response.setHeader('anthropic-workspace-id', draft.workspace)
}

/** The version of the API the caller speaks. Throws the API's 400 without one, or with an unknown one. */
export function readVersion({ request }: Exchange): ApiVersion {
  const value = headerOf(request, 'anthropic-version')
  if (value === null) throw new ApiError(400, 'anthropic-version: header is required')
  const version = versions.find((known) => known === value)
  if (version === undefined) throw new ApiError(400, `anthropic-version: "${value}" is not a valid version`)
  return version
}

function bearerOf(header: string | null): string | null {
  return /^Bearer (.+)$/i.exec(header ?? '')?.[1] ?? null
}
