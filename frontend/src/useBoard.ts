/** The state of one slots view: what it shows, what a click does, and how it gets changes. */

import { computed, onUnmounted, ref, shallowRef } from 'vue'

import { Api, Refused, SignedOut, Unreachable } from './api'
import type { Alternative, Money, Slot } from './api'
import { after, aged, arrange, keyOf } from './board'
import type { Shown, Span, Word } from './board'
import type { Contract } from './contract'
import { boardOf, listen } from './live'
import { Writing, wordsFor } from './words'

/** Milliseconds between requests while the socket is away, and after an unclear message. */
const ASK_AGAIN = 4_000
const SOON = 150
const TICK = 15_000
/** The view asks for prices only if there are at most this many ranges. */
const MOST_PRICED = 6

export interface Notice {
  kind: 'good' | 'kind' | 'bad'
  text: string
  offers: Alternative[]
}

export function useBoard(contract: Contract) {
  const api = new Api(contract.api, contract.token)
  const items = shallowRef<Slot[]>([])
  /** Ids of the viewer's reservations, by the slot at their start. */
  const own = shallowRef(new Map<string, string>())
  const pending = ref(new Set<string>())
  const prices = shallowRef(new Map<string, Money[]>())
  const phase = ref<'loading' | 'ready' | 'failed' | 'nowhere'>('loading')
  const isLive = ref(false)
  const notice = ref<Notice | null>(null)
  const writing = shallowRef(new Writing(contract.language, 'UTC'))
  const venueName = ref('')
  const grid = computed(() => arrange(items.value))
  const words = wordsFor(contract.language)

  let kind: string | null = null
  /** The number of the latest request. Answers to earlier ones are ignored. */
  let asked = 0
  let soon: ReturnType<typeof setTimeout> | undefined
  const keys = new Map<string, string>()

  function shown(slot: Slot): Shown {
    const key = keyOf(slot.resource.id, slot.starts_at)
    if (pending.value.has(key)) return 'pending'
    // Also after its start: a driver who has parked may still release the spot.
    if (own.value.has(key) && Date.parse(slot.ends_at) > Date.now()) return 'mine'
    return slot.state
  }

  function named(slot: Slot): string {
    return `${words.spot} ${slot.resource.name}, ${writing.value.span(slot)}`
  }

  async function load(): Promise<void> {
    const mark = ++asked
    try {
      await introduce()
      const [board, mine] = await Promise.all([api.slots(contract.venue, contract.date()), ownNow()])
      if (mark !== asked) return
      items.value = board.items
      if (mine) own.value = mine
      phase.value = 'ready'
      void price(mark)
    } catch (fault) {
      if (mark !== asked) return
      if (fault instanceof Refused && fault.status === 404) phase.value = 'nowhere'
      else if (!items.value.length) phase.value = 'failed'
    }
  }

  /** Loads the kind and the zone of the venue, once. */
  async function introduce(): Promise<void> {
    if (kind !== null) return
    const venue = await api.venue(contract.venue)
    kind = venue.kind
    venueName.value = venue.name
    writing.value = new Writing(contract.language, venue.time_zone)
  }

  /** Loads the viewer's reservations around the day. Null if that is not possible now. */
  async function ownNow(): Promise<Map<string, string> | null> {
    if (!api.isSignedIn) return new Map()
    const day = Date.parse(contract.date() ?? '') || Date.now()
    // Two days on each side contain the local day in every zone.
    const [from, to] = [-2, 3].map((days) => new Date(day + days * 86_400_000).toISOString())
    try {
      if (!(await api.isGuest())) return null
      const found = await api.own(contract.venue, from!, to!)
      return new Map(
        found.flatMap((one) =>
          one.resource ? [[keyOf(one.resource.id, one.starts_at), one.id] as const] : [],
        ),
      )
    } catch (fault) {
      if (fault instanceof SignedOut) needLogIn('expired', load)
      return null
    }
  }

  async function price(mark: number): Promise<void> {
    const spans = grid.value.spans
    if (spans.length > MOST_PRICED) return
    const missing = spans.filter((span) => !prices.value.has(span.starts_at))
    const found = await Promise.all(
      missing.map((span) => api.prices(contract.venue, span).catch((): Money[] => [])),
    )
    if (mark !== asked || !missing.length) return
    const all = new Map(prices.value)
    missing.forEach((span, number) => all.set(span.starts_at, found[number] ?? []))
    prices.value = all
  }

  function priceOf(span: Span): string {
    const found = prices.value.get(span.starts_at) ?? []
    const sorted = [...found].sort((one, two) => Number(one.amount) - Number(two.amount))
    const [first, last] = [sorted[0], sorted.at(-1)]
    if (!first || !last || Number(last.amount) === 0) return ''
    const least = writing.value.money(first)
    return first.amount === last.amount ? least : words.from(least)
  }

  async function book(slot: Slot): Promise<void> {
    const cell = keyOf(slot.resource.id, slot.starts_at)
    if (pending.value.has(cell) || shown(slot) !== 'free') return
    if (!api.isSignedIn) return needLogIn('signed-out', () => book(slot))
    pending.value.add(cell)
    notice.value = null
    // One key for one booking, even if answers are lost.
    const key = keys.get(cell) ?? newKey()
    keys.set(cell, key)
    try {
      const made = await api.book(contract.venue, kind ?? '', slot, key)
      keys.delete(cell)
      own.value = new Map(own.value).set(cell, made.id)
      put(slot, 'taken')
      const cost = Number(made.price.amount) ? writing.value.money(made.price) : ''
      say('good', words.booked(named(slot), cost))
      contract.tell('booked', { id: made.id, ...factsOf(slot) })
    } catch (fault) {
      if (!(fault instanceof Unreachable)) keys.delete(cell)
      refuse(slot, fault)
      if (!(fault instanceof SignedOut)) void load()
    } finally {
      pending.value.delete(cell)
    }
  }

  function refuse(slot: Slot, fault: unknown): void {
    if (fault instanceof SignedOut) return needLogIn('expired', () => book(slot))
    if (!(fault instanceof Refused)) return say('bad', words.unreachable)
    contract.tell('refused', { code: fault.code, ...factsOf(slot) })
    if (fault.code !== 'taken' && fault.code !== 'held_by_other') return say('bad', fault.message)
    put(slot, 'taken')
    say('kind', words.faster(named(slot)), fault.alternatives)
  }

  async function release(slot: Slot): Promise<void> {
    const cell = keyOf(slot.resource.id, slot.starts_at)
    const id = own.value.get(cell)
    if (id === undefined || pending.value.has(cell)) return
    pending.value.add(cell)
    notice.value = null
    try {
      await api.release(kind ?? '', id)
      forget(cell)
      put(slot, 'free')
      say('good', words.released(named(slot)))
      contract.tell('released', { id, ...factsOf(slot) })
    } catch (fault) {
      if (fault instanceof SignedOut) needLogIn('expired', () => release(slot))
      else say('bad', fault instanceof Refused ? fault.message : words.unreachable)
    } finally {
      pending.value.delete(cell)
      askSoon()
    }
  }

  /** Books an alternative, which may be on another day than the one shown. */
  function take(offer: Alternative): void {
    if (!offer.resource) return
    const found = items.value.find(
      (one) => one.resource.id === offer.resource?.id && one.starts_at === offer.starts_at,
    )
    void book(found ?? { ...offer, resource: offer.resource, state: 'free' })
  }

  function put(slot: Slot, state: 'free' | 'taken'): void {
    items.value = items.value.map((one) =>
      one.resource.id === slot.resource.id && one.starts_at === slot.starts_at
        ? { ...one, state }
        : one,
    )
  }

  function forget(cell: string): void {
    const left = new Map(own.value)
    left.delete(cell)
    own.value = left
  }

  /** Asks the page for a token. It may renew it and call `retry`, or lead to its log-in. */
  function needLogIn(reason: 'signed-out' | 'expired', again: () => Promise<void>): void {
    say('bad', reason === 'expired' ? words.ended : words.logIn)
    contract.tell('login', {
      reason,
      retry: () => {
        notice.value = null
        void again()
      },
    })
  }

  function say(kind: Notice['kind'], text: string, offers: Alternative[] = []): void {
    notice.value = { kind, text, offers: offers.filter((one) => one.resource) }
  }

  function heard(word: Word): void {
    const changed = after(items.value, word)
    items.value = changed.items
    if (word.state === 'free') {
      // If the viewer's own slot is free, it was ended elsewhere: at the desk or by the worker.
      for (const slot of changed.items)
        if (slot.state === 'free' && slot.resource.id === word.resource)
          forget(keyOf(slot.resource.id, slot.starts_at))
    }
    if (changed.isUnsure) askSoon()
  }

  function askSoon(): void {
    clearTimeout(soon)
    soon = setTimeout(() => void load(), SOON)
  }

  /** Goes to another day and drops the state of the last one. */
  function turn(): void {
    notice.value = null
    items.value = []
    phase.value = 'loading'
    void load()
  }

  const stop = listen(boardOf(contract.api, contract.venue), {
    hello() {
      isLive.value = true
      void load()
    },
    word: heard,
    away() {
      isLive.value = false
    },
  })
  const asking = setInterval(() => {
    if (!isLive.value) void load()
  }, ASK_AGAIN)
  const ageing = setInterval(() => {
    items.value = aged(items.value, Date.now())
  }, TICK)
  const look = () => {
    if (document.visibilityState === 'visible') askSoon()
  }
  document.addEventListener('visibilitychange', look)
  onUnmounted(() => {
    stop()
    clearInterval(asking)
    clearInterval(ageing)
    clearTimeout(soon)
    document.removeEventListener('visibilitychange', look)
  })
  void load()

  return { book, grid, isLive, load, named, notice, phase, priceOf, release, shown, take, turn, venueName, words, writing }
}

function factsOf(slot: Slot): Record<string, string> {
  return { resource: slot.resource.id, starts_at: slot.starts_at, ends_at: slot.ends_at }
}

/** A random key. `randomUUID` exists on secure pages only. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
}
