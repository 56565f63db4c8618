/** What people may do, as a ladder: each role may do all that the ones before it may. */

/** From the least to the most. */
export const roles = ['viewer', 'operator', 'admin'] as const

/**
 * `viewer` looks; `operator` also stops and releases what runs, and answers alerts; `admin` also changes limits, keys and
 * people, and reads who did what.
 */
export type Role = (typeof roles)[number]

/** True if whoever has the first role may do what needs the second. */
export function isRoleAtLeast(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed)
}

/** The role of that name, exactly as it is written; null if there is none. */
export function findRole(name: unknown): Role | null {
  return roles.find((role) => role === name) ?? null
}
