/** Where the dashboard is: built into this package when it is published, beside it in the repository. */

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const PLACES = ['../../dashboard/', '../../../dashboard/dist/']

/** The folder with its `index.html`; null if it was not built. */
export function findDashboard(): string | null {
  const folders = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)))
  return folders.find((folder) => existsSync(`${folder}index.html`)) ?? null
}
