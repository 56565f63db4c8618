/** A real sign-in on loopback, and a browser that goes through it. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { OidcPolicy } from '@runguard/sdk/core'
import Provider from 'oidc-provider'
import { onTestFinished } from 'vitest'

/** What the sign-in knows of somebody, by the name they type. */
export type People = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Starts one that knows RunGuard at an address. Gives its own. */
export async function startSignIn(publicUrl: string, people: People, isShy = true): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'runguard',
        client_secret: 'a-secret-of-the-test',
        redirect_uris: [`${publicUrl}/runguard/api/oidc/callback`],
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
    pkce: { required: () => true },
    conformIdTokenClaims: isShy,
    findAccount: (_, sub) => ({ accountId: sub, claims: async () => ({ sub, ...people[sub] }) }),
    cookies: { keys: ['test'] },
    jwks: await makeKeys(),
  })
  server.on('request', provider.callback())
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return issuer
}

/** Who may sign in there, as a gateway is told. */
export function policyFor(issuer: string): OidcPolicy {
  return {
    issuer,
    clientId: 'runguard',
    clientSecret: 'a-secret-of-the-test',
    name: 'Example',
    scopes: ['openid', 'email', 'profile'],
    claim: 'email',
    roles: null,
    domains: ['example.com'],
    newUsers: 'viewer',
  }
}

async function makeKeys() {
  const pair = await crypto.subtle.generateKey(
    { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2_048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
    true,
    ['sign', 'verify'],
  )
  return { keys: [{ ...(await crypto.subtle.exportKey('jwk', pair.privateKey)), use: 'sig', alg: 'RS256' }] }
}

/** Goes from page to page until the sign-in sends it back; gives where to. */
export async function passSignIn(start: string, name: string, publicUrl: string): Promise<string> {
  const cookies = new Map<string, string>()
  let [url, form]: [string, string | null] = [start, null]
  for (let step = 0; step < 12; step++) {
    const headers: Record<string, string> = { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') }
    if (form !== null) headers['content-type'] = 'application/x-www-form-urlencoded'
    const answer: Response = await fetch(url, {
      headers,
      redirect: 'manual',
      ...(form !== null && { method: 'POST', body: form }),
    })
    for (const cookie of answer.headers.getSetCookie()) {
      const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(key, value)
    }
    const location = answer.headers.get('location')
    if (location !== null) {
      ;[url, form] = [new URL(location, url).href, null]
      if (url.startsWith(publicUrl)) return url
      continue
    }
    const page = await answer.text()
    const [, action = ''] = /action="([^"]+)"/.exec(page) ?? []
    if (action === '') throw new Error(`the sign-in shows: ${page.slice(0, 500)}`)
    const isLogin = page.includes('name="login"')
    ;[url, form] = [new URL(action, url).href, isLogin ? `prompt=login&login=${name}&password=x` : 'prompt=consent']
  }
  throw new Error('the sign-in goes round in circles')
}
