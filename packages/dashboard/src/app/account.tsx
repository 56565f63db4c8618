import { LogOut, Monitor, Moon, Sun } from 'lucide-react'
import { useState } from 'react'
import { useChange } from '../api/changes.js'
import { Button } from '../parts/button.jsx'
import { useSession } from './session.jsx'
import { chooseTheme, storedTheme, type Theme } from './theme.js'

const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' }
const ICONS = { system: Monitor, light: Sun, dark: Moon } as const

/** Who is signed in, and the choice of light and dark. */
export function Account() {
  const { actor, canSignOut, version } = useSession()
  const logout = useChange((_: undefined) => ({ method: 'POST', path: 'logout' }), ['session'])
  return (
    <div className="flex items-center gap-1 border-t border-line py-2.5 pr-2 pl-4">
      <div className="min-w-0 flex-1">
        <bdi className="block truncate text-xs font-medium">{actor.name}</bdi>
        <p className="truncate text-2xs text-ink-3">
          {actor.role} · {version}
        </p>
      </div>
      <ThemeButton />
      {canSignOut ? (
        <Button
          look="quiet"
          isSmall
          aria-label="Sign out"
          isBusy={logout.isPending}
          onClick={() => logout.mutate(undefined)}
        >
          <LogOut size={14} aria-hidden />
        </Button>
      ) : null}
    </div>
  )
}

function ThemeButton() {
  const [theme, setTheme] = useState(storedTheme)
  const Icon = ICONS[theme]
  const change = () => {
    chooseTheme(NEXT[theme])
    setTheme(NEXT[theme])
  }
  return (
    <Button look="quiet" isSmall aria-label={`Theme: ${theme}. Change to ${NEXT[theme]}`} onClick={change}>
      <Icon size={14} aria-hidden />
    </Button>
  )
}
