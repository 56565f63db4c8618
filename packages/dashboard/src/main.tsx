import { createRoot } from 'react-dom/client'
import { App } from './app/app.jsx'
import { applyTheme, storedTheme } from './app/theme.js'
import './styles.css'

applyTheme(storedTheme())
const root = document.getElementById('root')
if (root !== null) createRoot(root).render(<App />)
