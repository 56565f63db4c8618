/** The mark of the product: a pulse behind a shield. */
export function Mark({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="shrink-0">
      <rect width="32" height="32" rx="8" className="fill-accent" />
      <g fill="none" className="stroke-on-accent" strokeLinecap="round" strokeLinejoin="round">
        <path d="M16 6.5 24.5 9.6v6.2c0 5-3.5 8.3-8.5 9.9-5-1.6-8.5-4.9-8.5-9.9V9.6z" strokeWidth="2.2" />
        <path d="M11.5 17.5h2.6l1.7-4.2 2 6 1.3-1.8h2" strokeWidth="1.8" />
      </g>
    </svg>
  )
}
