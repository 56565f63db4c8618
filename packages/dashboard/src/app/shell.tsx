/** The frame around every screen: navigation, state of the connection, who is signed in. */

import { FlaskConical, Menu, WifiOff } from 'lucide-react'
import { type ReactNode, Suspense, useState } from 'react'
import { Link, useLocation } from 'wouter'
import type { Connection } from '../api/live.js'
import { Button } from '../parts/button.jsx'
import { classes } from '../parts/class-names.js'
import { ErrorEdge } from '../parts/error-edge.jsx'
import { formatClock, formatFull } from '../parts/format.js'
import { lazily } from '../parts/lazily.js'
import { Skeleton } from '../parts/notice.jsx'
import { Account } from './account.jsx'
import { Mark } from './mark.jsx'
import { type Place, placeGroups } from './places.js'
import { useSession } from './session.jsx'

const NarrowMenu = lazily(async () => (await import('./narrow-menu.jsx')).NarrowMenu)

/** The frame. On narrow screens the navigation is behind a button. */
export function Shell({ connection, children }: { connection: Connection; children: ReactNode }) {
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[13.5rem_minmax(0,1fr)]">
      <a
        href="#screen"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-md focus:bg-panel focus:px-3 focus:py-2"
      >
        Skip to content
      </a>
      <aside className="sticky top-0 hidden h-dvh flex-col border-r border-line lg:flex">
        <Brand connection={connection} />
        <Navigation />
        <Account />
      </aside>
      <NarrowHead connection={connection} />
      <div className="min-w-0">
        <SimulatedMark />
        {connection.kind === 'lost' ? <LostBanner heardAtMs={connection.heardAtMs} /> : null}
        <main id="screen" tabIndex={-1} className="mx-auto max-w-[88rem] px-4 py-5 outline-none sm:px-6 sm:py-6">
          {children}
        </main>
      </div>
    </div>
  )
}

function Brand({ connection }: { connection: Connection }) {
  return (
    <div className="flex h-14 items-center gap-2.5 px-4">
      <Mark size={24} />
      <span className="font-semibold tracking-tight">RunGuard</span>
      <LiveMark connection={connection} />
    </div>
  )
}

function LiveMark({ connection }: { connection: Connection }) {
  const isLive = connection.kind === 'live'
  return (
    <span
      role="status"
      className="ml-auto inline-flex items-center gap-1.5 text-right text-2xs leading-tight text-ink-3"
    >
      <span aria-hidden className={classes('size-1.5 shrink-0 rounded-full', isLive ? 'bg-accent' : 'bg-series-2')} />
      {connection.kind === 'lost' ? (
        <time title={formatFull(connection.heardAtMs)}>
          no news since {formatClock(connection.heardAtMs).slice(0, 5)}
        </time>
      ) : (
        connection.kind
      )}
    </span>
  )
}

function Navigation({ onGo }: { onGo?: () => void }) {
  return (
    <nav aria-label="Screens" className="min-h-0 flex-1 space-y-4 overflow-y-auto px-2 py-2">
      {placeGroups.map(({ name, places }) => (
        <div key={name}>
          <p className="px-2 pb-1 text-2xs font-medium text-ink-3">{name}</p>
          <ul className="space-y-px">
            {places.map((place) => (
              <li key={place.path}>
                <PlaceLink place={place} onGo={onGo} />
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  )
}

function PlaceLink({ place, onGo }: { place: Place; onGo: (() => void) | undefined }) {
  const [path] = useLocation()
  const isHere = path === place.path || path === place.alias
  const { icon: Icon } = place
  return (
    <Link
      href={place.path}
      {...(onGo ? { onClick: onGo } : {})}
      aria-current={isHere ? 'page' : undefined}
      className={classes(
        'flex h-8 items-center gap-2.5 rounded-md px-2 text-sm transition-colors',
        isHere ? 'bg-accent-soft font-medium text-accent' : 'text-ink-2 hover:bg-sunken hover:text-ink',
      )}
    >
      <Icon size={15} strokeWidth={1.9} aria-hidden />
      {place.name}
    </Link>
  )
}

function NarrowHead({ connection }: { connection: Connection }) {
  const [isOpen, setIsOpen] = useState(false)
  return (
    <header className="sticky top-0 z-30 flex items-center border-b border-line bg-canvas pl-2 lg:hidden">
      <Button
        look="quiet"
        aria-label="Menu"
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(true)}
      >
        <Menu size={17} aria-hidden />
      </Button>
      {isOpen ? (
        <ErrorEdge>
          <Suspense>
            <NarrowMenu onClose={() => setIsOpen(false)}>
              <Navigation onGo={() => setIsOpen(false)} />
              <Account />
            </NarrowMenu>
          </Suspense>
        </ErrorEdge>
      ) : null}
      <div className="min-w-0 flex-1">
        <Brand connection={connection} />
      </div>
    </header>
  )
}

/** Nobody may take the amounts of a demonstration for a bill. */
function SimulatedMark() {
  const { isSimulated } = useSession()
  if (!isSimulated) return null
  return (
    <section
      aria-label="Simulated"
      className="flex items-center gap-2 border-b border-line bg-accent-soft px-4 py-1.5 text-xs text-accent sm:px-6"
    >
      <FlaskConical size={13} aria-hidden className="shrink-0" />
      <span>
        <strong className="font-semibold">Simulated</strong>: no call leaves this machine, and no money is spent.
      </span>
    </section>
  )
}

function LostBanner({ heardAtMs }: { heardAtMs: number }) {
  return (
    <div role="alert" className="flex items-center gap-2 bg-warn-soft px-4 py-2 text-sm text-warn sm:px-6">
      <WifiOff size={15} aria-hidden className="shrink-0" />
      No news from the gateway since {formatFull(heardAtMs)}. What you see is from before; trying again …
    </div>
  )
}

/** The frame before it is known who asks. */
export function ShellSkeleton() {
  return (
    <main className="mx-auto max-w-3xl px-6 pt-24">
      <h1 className="sr-only">RunGuard</h1>
      <Skeleton lines={8} />
    </main>
  )
}
