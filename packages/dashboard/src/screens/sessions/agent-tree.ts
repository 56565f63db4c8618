/** How deep the agents of a session stand below the main one. Pure. */

interface Agent {
  readonly agent: string | null
  readonly parent: string | null
}

/** The depth of each named agent: 1 for those that the main one started. Names come from callers: a ring ends somewhere. */
export function agentDepths(agents: readonly Agent[]): ReadonlyMap<string, number> {
  const parents = new Map(agents.flatMap(({ agent, parent }) => (agent === null ? [] : [[agent, parent] as const])))
  const depthOf = (agent: string): number => {
    let depth = 1
    let above = parents.get(agent) ?? null
    while (above !== null && parents.has(above) && depth < parents.size) {
      depth += 1
      above = parents.get(above) ?? null
    }
    return depth
  }
  return new Map([...parents.keys()].map((agent) => [agent, depthOf(agent)]))
}
