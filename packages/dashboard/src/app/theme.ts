/** Light or dark: as the system has it, or as the person chose. */

import { useSyncExternalStore } from 'react'

/** What somebody chose; `system` follows the machine. */
export type Theme = 'system' | 'light' | 'dark'

const STORED = 'runguard-theme'
const listeners = new Set<() => void>()
const systemIsDark = matchMedia('(prefers-color-scheme: dark)')

systemIsDark.addEventListener('change', () => applyTheme(storedTheme()))

/** What was chosen in this browser. */
export function storedTheme(): Theme {
  const stored = readStored()
  return stored === 'light' || stored === 'dark' ? stored : 'system'
}

/** A browser may forbid the storage: then the choice lasts as long as the page. */
function readStored(): string | null {
  try {
    return localStorage.getItem(STORED)
  } catch {
    return null
  }
}

/** Shows a theme, without remembering it. */
export function applyTheme(theme: Theme): void {
  const systemTheme = systemIsDark.matches ? 'dark' : 'light'
  const shown = theme === 'system' ? systemTheme : theme
  document.documentElement.dataset.theme = shown
  for (const listener of listeners) listener()
}

/** Shows a theme and remembers it. */
export function chooseTheme(theme: Theme): void {
  try {
    localStorage.setItem(STORED, theme)
  } catch {
    // Shown all the same.
  }
  applyTheme(theme)
}

/** What is shown now; charts are drawn again when it changes. */
export function useShownTheme(): string {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => document.documentElement.dataset.theme ?? 'light',
  )
}
