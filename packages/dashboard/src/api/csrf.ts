import { createContext } from 'react'

/** The token that every change carries; null until somebody is signed in. */
export const CsrfContext = createContext<string | null>(null)
