import { describe, expect, it } from 'vitest'
import { readConfig } from '../config/config.js'

const TOKEN = 'planted-token-planted-token-planted'

function read(access: unknown) {
  const reading = readConfig({ access })
  return reading.kind === 'config' ? reading.config.access : reading.problems
}

const oidc = { issuer: 'https://login.example.com/', clientId: 'runguard' }

describe('access in a configuration', () => {
  it('is open to whoever reaches the gateway unless it says something', () => {
    expect(read({})).toMatchObject({ requireKeys: false, requireLogin: false, upstreamKey: null, oidc: null })
  })

  it('is read into exact values', () => {
    const roles = { claim: 'groups', values: { admins: 'admin' } }
    const written = {
      requireKeys: true,
      upstreamKey: ' sk-ant-test ',
      publicUrl: 'https://rg.example.com/',
      hosts: ['RG'],
      trustProxy: true,
    }
    expect(read({ ...written, oidc: { ...oidc, roles, domains: ['Example.com'], newUsers: 'viewer' } })).toEqual({
      requireKeys: true,
      requireLogin: false,
      trustProxy: true,
      upstreamKey: 'sk-ant-test',
      adminToken: null,
      publicUrl: 'https://rg.example.com',
      hosts: ['rg'],
      oidc: {
        issuer: 'https://login.example.com',
        clientId: 'runguard',
        clientSecret: null,
        name: 'login.example.com',
        scopes: ['openid', 'email', 'profile'],
        claim: 'email',
        roles: { claim: 'groups', values: new Map([['admins', 'admin']]) },
        domains: ['example.com'],
        newUsers: 'viewer',
      },
    })
  })

  it.each([
    [{ requireKey: true }, 'access', 'did you mean "requireKeys"'],
    [{ adminToken: 'short' }, 'access.adminToken', '32 characters'],
    [{ upstreamKey: 'two words' }, 'access.upstreamKey', 'no header'],
    [{ publicUrl: 'http://rg.example.com' }, 'access.publicUrl', 'https'],
    [{ publicUrl: 'http://127.0.0.1.evil.example' }, 'access.publicUrl', 'https'],
    [{ hosts: ['a b'] }, 'access.hosts[0]', 'name of a host'],
    [{ oidc }, 'access.publicUrl', 'is needed for oidc'],
    [{ publicUrl: 'https://a.b', oidc: { ...oidc, newUsers: 'viewer' } }, 'access.oidc.domains', 'anybody'],
    [
      { publicUrl: 'https://a.b', oidc: { ...oidc, roles: { claim: 'g', values: { x: 'root' } } } },
      'access.oidc.roles.values.x',
      'viewer, operator, admin',
    ],
  ])('that says %j is refused at %s', (written, path, words) => {
    expect(read(written)).toContainEqual({ path, message: expect.stringContaining(words) })
  })

  it('shows no secret in what it says about one', () => {
    const problems = read({
      adminToken: `${TOKEN} x`,
      upstreamKey: [TOKEN],
      oidc: { ...oidc, clientSecret: `${TOKEN}\n${TOKEN}` },
    })
    expect(JSON.stringify(problems)).not.toContain('planted')
    expect(problems).toHaveLength(3)
  })
})
