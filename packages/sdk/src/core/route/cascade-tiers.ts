/** The tiers of a cascade, as somebody wrote them. */

/** What is wrong with tiers by which a model would be tried again after it has failed; null if none is. */
export function findSameModel(
  tiers: readonly string[],
  modelOf: (tier: string) => string | null | undefined,
): string | null {
  const tried = new Map<string, string>()
  for (const tier of tiers) {
    const model = modelOf(tier) ?? null
    const before = model === null ? undefined : tried.get(model)
    if (before === tier) return `names the tier ${JSON.stringify(tier)} twice`
    if (before !== undefined) return `names two tiers of the same model: ${before} and ${tier}`
    if (model !== null) tried.set(model, tier)
  }
  return null
}
