import { Component, type ReactNode } from 'react'
import { Failure } from './notice.jsx'

interface State {
  readonly error: unknown
}

/** Keeps what is around it alive when a part fails, and offers to load it again (after an update its file has a new name). */
export class ErrorEdge extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: null }

  static getDerivedStateFromError(error: unknown): State {
    return { error }
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children
    return <Failure error={this.state.error} onRetry={() => void reloadPage()} />
  }
}

/** Loads the page anew; as long as the gateway does not answer, what is shown stays. */
async function reloadPage(): Promise<void> {
  const isThere = await fetch('/runguard/health').then(
    () => true,
    () => false,
  )
  if (isThere) location.reload()
}
