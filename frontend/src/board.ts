/** The grid of units and slots as values: sorted, and changed by messages of the socket. */

import type { Slot, State, Unit } from './api'

/** The state of a cell: that of the slot, the viewer's own, or a booking under way. */
export type Shown = State | 'mine' | 'pending'

export interface Span {
  starts_at: string
  ends_at: string
}

/** A message of the socket about the time of a unit. */
export interface Word extends Span {
  type: 'allocation'
  resource: string
  state: 'taken' | 'free'
}

export interface Grid {
  units: Unit[]
  spans: Span[]
  slot(unit: Unit, span: Span): Slot | undefined
}

export function keyOf(unit: string, startsAt: string): string {
  return `${unit}@${startsAt}`
}

/** Arranges slots: units in the order of arrival, spans by time. */
export function arrange(items: readonly Slot[]): Grid {
  const units = new Map<string, Unit>()
  const spans = new Map<string, Span>()
  const slots = new Map<string, Slot>()
  for (const slot of items) {
    units.set(slot.resource.id, slot.resource)
    spans.set(`${slot.starts_at}/${slot.ends_at}`, slot)
    slots.set(keyOf(slot.resource.id, slot.starts_at), slot)
  }
  const inOrder = [...spans.values()].sort((one, two) => at(one.starts_at) - at(two.starts_at))
  return {
    units: [...units.values()],
    spans: inOrder.map(({ starts_at, ends_at }) => ({ starts_at, ends_at })),
    slot: (unit, span) => slots.get(keyOf(unit.id, span.starts_at)),
  }
}

/**
 * Applies a message to the slots. `isUnsure` means that only the API knows the state: the free range
 * may be a part of a slot whose rest is taken.
 */
export function after(items: readonly Slot[], word: Word): { items: Slot[]; isUnsure: boolean } {
  let isUnsure = false
  const changed = items.map((slot): Slot => {
    if (slot.resource.id !== word.resource || !overlap(slot, word)) return slot
    if (slot.state !== 'free' && slot.state !== 'taken') return slot
    if (word.state === 'free' && !covers(word, slot)) {
      isUnsure = true
      return slot
    }
    return { ...slot, state: word.state }
  })
  return { items: changed, isUnsure }
}

/** Marks slots that have started as past: they can no longer be booked. */
export function aged(items: readonly Slot[], now: number): Slot[] {
  return items.map((slot) =>
    slot.state !== 'past' && at(slot.starts_at) < now ? { ...slot, state: 'past' } : slot,
  )
}

export function overlap(one: Span, two: Span): boolean {
  return at(one.starts_at) < at(two.ends_at) && at(two.starts_at) < at(one.ends_at)
}

function covers(outer: Span, inner: Span): boolean {
  return at(outer.starts_at) <= at(inner.starts_at) && at(inner.ends_at) <= at(outer.ends_at)
}

function at(instant: string): number {
  return Date.parse(instant)
}
