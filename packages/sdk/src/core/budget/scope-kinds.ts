/** Whose spending may be limited. */

/** Whose spending a budget limits. `request` is every call by itself. */
export type ScopeKind = (typeof scopeKinds)[number]

/** All kinds, from the widest to the narrowest. */
export const scopeKinds = ['everything', 'project', 'team', 'user', 'key', 'tag', 'session', 'request'] as const

/** The name that stands for each one: `session:*` gives every session an account of its own. */
export const EACH = '*'
