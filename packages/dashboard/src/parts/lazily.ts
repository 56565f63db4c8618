import { type ComponentType, lazy } from 'react'

/** A component in a file of its own, which is loaded when it is first shown. */
export function lazily<Props>(load: () => Promise<ComponentType<Props>>) {
  return lazy(async () => {
    try {
      return { default: await load() }
    } catch {
      // What the browser says of a file that does not come tells people nothing.
      throw new Error('This part could not be loaded: the gateway does not answer, or has a new version.')
    }
  })
}
