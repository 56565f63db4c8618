import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Where the gateway serves the built files. */
const base = '/runguard/'

export default defineConfig(({ mode }) => ({
  base,
  plugins: [react(), tailwindcss()],
  build: {
    target: 'es2022',
    // Every byte comes from the gateway: nothing is inlined, so that its content policy may forbid `data:`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
    reportCompressedSize: mode !== 'quiet',
  },
}))
