/** What every store of keys and people must do. Run it against one of your own, as {@link storeSuite} is run. */

import assert from 'node:assert/strict'
import { type GatewayKey, newKey, revokeKey, rotateKey } from '../core/team/gateway-key.js'
import { changeUser, newUser, type User } from '../core/team/user.js'
import type { LoginSession } from '../store/team-store.js'
import type { RegistryCheck } from './store-suite-registry.js'

const ODD = `o'clock "x"; DROP TABLE team_keys; -- ü 漢 🙂`

function key(id: string, changes: Partial<GatewayKey> = {}): GatewayKey {
  const account = { team: 'research', user: null, project: null }
  const made = { createdAt: 1_000, createdBy: 'cli', expiresAt: null }
  return { ...newKey({ id, name: ODD, ...account, hash: `hash of ${id}`, ...made }), ...changes }
}

function user(id: string, changes: Partial<User> = {}): User {
  const account = { name: ODD, email: null, role: 'viewer', isDisabled: false, token: null } as const
  return { ...newUser({ id, ...account, createdAt: 1_000, createdBy: 'cli' }), ...changes }
}

function login(id: string, changes: Partial<LoginSession> = {}): LoginSession {
  return { id, user: null, credential: 'c', createdAt: 1_000, expiresAt: 2_000, ...changes }
}

/** The checks, each for a store of its own. */
export const teamSuite: readonly RegistryCheck[] = [
  {
    name: 'keys: gives back a key as it was kept last',
    check: async (store) => {
      assert.equal(await store.findKey('rgk_a'), null)
      const first = key('rgk_a', { team: ODD, user: 'ü', project: '漢' })
      assert.equal(await store.changeKey(first), true)
      assert.deepEqual(await store.findKey('rgk_a'), first)
      const next = rotateKey(first, 'other', 2_000, 60_000)
      assert.ok(next)
      assert.equal(await store.changeKey(next), true)
      assert.deepEqual(await store.findKey('rgk_a'), next)
      assert.equal(await store.findKey('rgk_a\0'), null)
    },
  },
  {
    name: 'keys: takes one of two changes at once, and never a revocation back',
    check: async (store) => {
      const first = key('rgk_a')
      await store.changeKey(first)
      const [revoked, rotated] = [revokeKey(first, 2_000), rotateKey(first, 'other', 2_000, 0)]
      assert.ok(revoked && rotated)
      const taken = await Promise.all([store.changeKey(revoked), store.changeKey(rotated)])
      assert.deepEqual(taken.toSorted(), [false, true])
      assert.equal(await store.changeKey(first), false)
      assert.equal((await store.findKey('rgk_a'))?.version, 2)
      assert.equal(await store.changeKey(key('rgk_b', { version: 2 })), false)
      assert.equal(await store.findKey('rgk_b'), null)
    },
  },
  {
    name: 'keys: raises the version of the registry with every change, not with use',
    check: async (store) => {
      const versions = [await store.version()]
      await store.changeKey(key('rgk_a'))
      versions.push(await store.version())
      const revoked = revokeKey(key('rgk_a'), 2_000)
      assert.ok(revoked)
      await store.changeKey(revoked)
      versions.push(await store.version())
      assert.equal(new Set(versions).size, 3)
      await store.noteKeyUse('rgk_a', 5_000)
      assert.equal(await store.version(), versions[2])
    },
  },
  {
    name: 'keys: lists the newest first, page by page, with their last use',
    check: async (store) => {
      for (const [id, createdAt] of [
        ['rgk_b', 2],
        ['rgk_a', 2],
        ['rgk_d', 1],
        ['rgk_c', 3],
      ] as const) {
        await store.changeKey(key(id, { createdAt }))
      }
      await store.noteKeyUse('rgk_a', 7_000)
      await store.noteKeyUse('rgk_a', 6_000)
      await store.noteKeyUse('rgk_nobody', 6_000)
      const rows = await store.listKeys({ limit: 3 })
      assert.deepEqual(
        rows.map((row) => [row.key.id, row.lastUsedAt]),
        [
          ['rgk_c', null],
          ['rgk_a', 7_000],
          ['rgk_b', null],
        ],
      )
      const rest = await store.listKeys({ limit: 3, after: { createdAt: 2, id: 'rgk_b' } })
      assert.deepEqual(
        rest.map((row) => row.key.id),
        ['rgk_d'],
      )
    },
  },
  {
    name: 'users: finds them by id, address and token, as they were kept last',
    check: async (store) => {
      const alice = user('alice', { email: 'a@b.c', token: { id: 'rgu_a', hash: 'h' } })
      assert.equal(await store.changeUser(alice), true)
      assert.equal(await store.changeUser(user(ODD)), true)
      assert.equal(await store.changeUser(alice), false)
      const changed = changeUser(alice, { role: 'admin', token: { id: 'rgu_b', hash: 'h2' } })
      assert.equal(await store.changeUser(changed), true)
      assert.deepEqual(await store.findUser({ by: 'id', name: 'alice' }), changed)
      assert.deepEqual(await store.findUser({ by: 'email', name: 'a@b.c' }), changed)
      assert.deepEqual(await store.findUser({ by: 'token', name: 'rgu_b' }), changed)
      assert.equal(await store.findUser({ by: 'token', name: 'rgu_a' }), null)
      assert.equal(await store.findUser({ by: 'email', name: "' OR '1'='1" }), null)
      assert.deepEqual(
        (await store.listUsers()).map((row) => row.user.id),
        ['alice', ODD],
      )
    },
  },
  {
    name: 'users: can be taken away, and then be somebody new',
    check: async (store) => {
      await store.changeUser(user('alice'))
      assert.equal(await store.removeUser('alice'), true)
      assert.equal(await store.removeUser('alice'), false)
      assert.equal(await store.changeUser(changeUser(user('alice'), { role: 'admin' })), false)
      assert.equal(await store.changeUser(user('alice')), true)
    },
  },
  {
    name: 'sign-ins: are there until they are taken away or forgotten, and show when a user came last',
    check: async (store) => {
      await store.changeUser(user('alice'))
      for (const [id, expiresAt] of [
        ['a', 10],
        ['b', 20],
        ['c', 30],
      ] as const) {
        await store.addLogin(login(id, { user: 'alice', createdAt: expiresAt - 5, expiresAt }))
      }
      assert.deepEqual(await store.findLogin('b'), login('b', { user: 'alice', createdAt: 15, expiresAt: 20 }))
      assert.deepEqual(
        (await store.listUsers()).map((row) => row.lastLoginAt),
        [25],
      )
      await store.removeLogin('c')
      await store.forgetLogins(10)
      const left = await Promise.all(['a', 'b', 'c', "' OR '1'='1"].map((id) => store.findLogin(id)))
      assert.deepEqual(
        left.map((each) => each?.id ?? null),
        [null, 'b', null, null],
      )
    },
  },
  {
    name: 'the admin token: is made once, by whoever comes first, and replaced by who knows the one before',
    check: async (store) => {
      assert.equal(await store.adminToken(), null)
      const made = await Promise.all(['h1', 'h2', 'h3'].map((hash) => store.changeAdminToken(hash, null)))
      assert.equal(made.filter(Boolean).length, 1)
      const hash = await store.adminToken()
      assert.ok(hash)
      assert.equal(await store.changeAdminToken('h4', 'somebody else'), false)
      assert.equal(await store.changeAdminToken('h4', hash), true)
      assert.equal(await store.adminToken(), 'h4')
    },
  },
]
