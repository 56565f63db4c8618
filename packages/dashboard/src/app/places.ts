/** The screens and where they are. */

import {
  Activity,
  Bell,
  ChartColumnStacked,
  Database,
  Layers,
  ListTree,
  type LucideIcon,
  Repeat2,
  Route,
  ScrollText,
  Settings,
  Wallet,
  Waypoints,
} from 'lucide-react'

/** An entry of the navigation. */
export interface Place {
  readonly path: string
  readonly name: string
  readonly icon: LucideIcon
  /** Other paths that belong to it. */
  readonly alias?: string
}

/** The navigation: what to look at, what to set, who did what. */
export const placeGroups: readonly { readonly name: string; readonly places: readonly Place[] }[] = [
  {
    name: 'Watch',
    places: [
      { path: '/', name: 'Now', icon: Activity },
      { path: '/spend', name: 'Spend', icon: ChartColumnStacked },
      { path: '/sessions', name: 'Sessions', icon: Waypoints, alias: '/session' },
      { path: '/calls', name: 'Calls', icon: ListTree, alias: '/call' },
    ],
  },
  {
    name: 'Save',
    places: [
      { path: '/cache', name: 'Cache', icon: Database },
      { path: '/routes', name: 'Routes', icon: Route },
      { path: '/batches', name: 'Batches', icon: Layers },
    ],
  },
  {
    name: 'Protect',
    places: [
      { path: '/budgets', name: 'Budgets', icon: Wallet },
      { path: '/loops', name: 'Loops & breakers', icon: Repeat2 },
      { path: '/alerts', name: 'Alerts', icon: Bell },
    ],
  },
  {
    name: 'Team',
    places: [
      { path: '/audit', name: 'Audit', icon: ScrollText },
      { path: '/settings', name: 'Settings', icon: Settings },
    ],
  },
]
