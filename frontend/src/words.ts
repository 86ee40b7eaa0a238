/** All texts of the slots view, in English and Dutch. Dates and money follow the reader's locale. */

import type { Money } from './api'
import type { Shown, Span } from './board'

const ENGLISH = {
  loading: 'Looking at what is free…',
  nothing: 'Nothing is sold on this day. Please choose another.',
  failed: 'The board could not be loaded. We try again by ourselves.',
  tryNow: 'Try now',
  noVenue: 'There is no such place.',
  spot: 'Spot',
  free: 'Free',
  taken: 'Taken',
  past: 'Past',
  closed: 'Closed',
  mine: 'Yours',
  pending: 'Booking…',
  book: 'book it',
  release: 'Release',
  times: (zone: string) => `Times are those of ${zone}.`,
  from: (price: string) => `from ${price}`,
  live: 'Live',
  away: 'Connecting… The board is asked again every few seconds.',
  logIn: 'Please log in to book.',
  ended: 'Your session has ended. Please log in again.',
  booked: (what: string, price: string) => `Booked for you: ${what}${price ? `, ${price}` : ''}.`,
  released: (what: string) => `Released: ${what} is free again.`,
  faster: (what: string) =>
    `Someone was a moment faster: ${what} has just been taken. Nothing was booked for you.`,
  stillFree: 'Here is what is still free:',
  noneFree: 'Nothing else near that time is free. Please try another day.',
  unreachable: 'No answer came. Nothing more was tried; the board shows what is booked.',
  changed: (what: string, state: string) => `${what} is now ${state}.`,
  day: 'Day',
  previous: 'Previous day',
  next: 'Next day',
  caption: (venue: string, day: string) => `${venue}, ${day}`,
}

export type Words = typeof ENGLISH

const DUTCH: Words = {
  loading: 'We kijken wat er vrij is…',
  nothing: 'Op deze dag is er niets te reserveren. Kies een andere dag.',
  failed: 'Het overzicht kon niet worden geladen. We proberen het vanzelf opnieuw.',
  tryNow: 'Nu proberen',
  noVenue: 'Deze plek bestaat niet.',
  spot: 'Plek',
  free: 'Vrij',
  taken: 'Bezet',
  past: 'Voorbij',
  closed: 'Gesloten',
  mine: 'Van u',
  pending: 'Reserveren…',
  book: 'reserveer',
  release: 'Vrijgeven',
  times: (zone) => `Tijden zijn die van ${zone}.`,
  from: (price) => `vanaf ${price}`,
  live: 'Live',
  away: 'Verbinden… Het overzicht wordt om de paar seconden opnieuw opgevraagd.',
  logIn: 'Log in om te reserveren.',
  ended: 'Uw sessie is verlopen. Log opnieuw in.',
  booked: (what, price) => `Voor u gereserveerd: ${what}${price ? `, ${price}` : ''}.`,
  released: (what) => `Vrijgegeven: ${what} is weer vrij.`,
  faster: (what) =>
    `Iemand was u net voor: ${what} is zojuist bezet. Er is niets voor u gereserveerd.`,
  stillFree: 'Dit is nog vrij:',
  noneFree: 'Rond die tijd is er niets anders vrij. Probeer een andere dag.',
  unreachable: 'Er kwam geen antwoord. Het overzicht toont wat gereserveerd is.',
  changed: (what, state) => `${what} is nu ${state}.`,
  day: 'Dag',
  previous: 'Vorige dag',
  next: 'Volgende dag',
  caption: (venue, day) => `${venue}, ${day}`,
}

export function wordsFor(language: string): Words {
  return language.toLowerCase().startsWith('nl') ? DUTCH : ENGLISH
}

/** Writes instants in the venue's zone, and money, for a reader's locale. */
export class Writing {
  readonly words: Words
  private readonly clock: Intl.DateTimeFormat
  private readonly calendar: Intl.DateTimeFormat

  constructor(
    readonly language: string,
    readonly zone: string,
  ) {
    this.words = wordsFor(language)
    this.clock = new Intl.DateTimeFormat(language, {
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      timeZone: zone,
    })
    this.calendar = new Intl.DateTimeFormat(language, {
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      timeZone: zone,
    })
  }

  span({ starts_at, ends_at }: Span): string {
    return `${this.clock.format(new Date(starts_at))}–${this.clock.format(new Date(ends_at))}`
  }

  day(instant: string): string {
    return this.calendar.format(new Date(instant))
  }

  money({ amount, currency }: Money): string {
    const places = amount.split('.')[1]?.length ?? 0
    const form = { style: 'currency', currency, minimumFractionDigits: places } as const
    return new Intl.NumberFormat(this.language, form).format(Number(amount))
  }

  state(shown: Shown): string {
    return this.words[shown]
  }
}
