/** The grid of units and slots as values: put in order, and changed by what a socket says. */

import type { Slot, State, Unit } from './api'

/** What a cell shows: how the slot stands, or that it is the viewer's own, or being booked. */
export type Shown = State | 'mine' | 'pending'

export interface Span {
  starts_at: string
  ends_at: string
}

/** What the socket says of a unit's time. */
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

/** Units in the order they came in, spans by time. */
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
 * The grid after a word, and whether it left a question that only the API can answer: time that is
 * free again may be a part of a slot, of which somebody else has the rest.
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

/** Slots that have begun meanwhile cannot be booked any more. */
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
