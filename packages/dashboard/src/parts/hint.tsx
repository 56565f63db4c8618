import { type ReactElement, useId, useRef } from 'react'

const GAP = 6

/**
 * A few words about a control, on hover and on focus, and always for screen readers. They stand in the top layer, so no
 * table cuts them off.
 */
export function Hint({ text, children }: { readonly text: string; readonly children: ReactElement }) {
  const id = useId()
  const bubble = useRef<HTMLSpanElement>(null)
  const anchor = useRef<HTMLSpanElement>(null)
  const show = () => {
    const place = anchor.current?.getBoundingClientRect()
    if (bubble.current === null || place === undefined || bubble.current.matches(':popover-open')) return
    bubble.current.showPopover()
    const { width, height } = bubble.current.getBoundingClientRect()
    const left = place.left + place.width / 2 - width / 2
    const isRoomBelow = place.bottom + GAP + height < innerHeight
    bubble.current.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`
    bubble.current.style.top = `${isRoomBelow ? place.bottom + GAP : place.top - GAP - height}px`
  }
  const hide = () => bubble.current?.hidePopover()
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the control inside is what is used
    <span
      ref={anchor}
      className="inline-flex"
      onPointerEnter={show}
      onPointerLeave={hide}
      onFocus={show}
      onBlur={hide}
      onKeyDown={(event) => (event.key === 'Escape' ? hide() : undefined)}
    >
      {children}
      <span
        ref={bubble}
        id={id}
        role="tooltip"
        popover="manual"
        className="fixed m-0 max-w-72 rounded-md bg-ink px-2.5 py-1.5 text-xs font-normal whitespace-normal text-canvas shadow-(--shadow-high)"
      >
        {text}
      </span>
    </span>
  )
}
