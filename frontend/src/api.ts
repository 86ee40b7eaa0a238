/** The calls of the slots view to the API, and how they can fail. */

export type State = 'free' | 'taken' | 'past' | 'closed'

export interface Unit {
  id: string
  name: string
  floor: number
}

export interface Slot {
  resource: Unit
  starts_at: string
  ends_at: string
  state: State
}

export interface Money {
  amount: string
  currency: string
}

export interface Venue {
  name: string
  kind: string
  time_zone: string
}

export interface Reservation {
  id: string
  resource: Unit | null
  starts_at: string
  ends_at: string
  status: string
}

export interface Alternative {
  resource: Unit | null
  starts_at: string
  ends_at: string
  price: Money
}

export interface Booked {
  id: string
  price: Money
}

interface Problem {
  code?: string
  detail?: string
  alternatives?: Alternative[]
}

/** The API refused. `code` is stable, `detail` is for people. */
export class Refused extends Error {
  readonly code: string
  readonly alternatives: Alternative[]

  constructor(readonly status: number, problem: Problem) {
    super(problem.detail ?? `HTTP ${status}`)
    this.code = problem.code ?? 'unknown'
    this.alternatives = problem.alternatives ?? []
  }
}

/** Nobody is logged in, or the token has expired. */
export class SignedOut extends Error {}

/** The API did not answer, after all attempts. */
export class Unreachable extends Error {}

const PATIENCE = 10_000
const TRIES = 4
const PAUSE = 400

export class Api {
  private known: { token: string | null; isGuest: boolean } | undefined

  constructor(
    readonly base: string,
    private readonly token: () => string | null,
    private readonly pause: number = PAUSE,
  ) {}

  get isSignedIn(): boolean {
    return Boolean(this.token())
  }

  async venue(slug: string): Promise<Venue> {
    return (await this.call('GET', `/venues/${slug}`)) as Venue
  }

  async slots(slug: string, date: string | null): Promise<{ time_zone: string; items: Slot[] }> {
    const asked = date ? `?date=${encodeURIComponent(date)}` : ''
    return (await this.call('GET', `/venues/${slug}/slots${asked}`)) as {
      time_zone: string
      items: Slot[]
    }
  }

  /** The caller's reservations at a venue that start in `[from, to)` and have not ended. */
  async own(slug: string, from: string, to: string): Promise<Reservation[]> {
    const asked = new URLSearchParams({ venue: slug, from, to, limit: '200' })
    const page = (await this.call('GET', `/reservations?${asked}`)) as { items: Reservation[] }
    return page.items.filter((one) => ['upcoming', 'present', 'held'].includes(one.status))
  }

  /** Whether the caller is a guest, who only sees their own. One request for each token. */
  async isGuest(): Promise<boolean> {
    const token = this.token()
    if (this.known?.token !== token) {
      const me = (await this.call('GET', '/me')) as { role?: string }
      this.known = { token, isGuest: me.role === 'guest' }
    }
    return this.known.isGuest
  }

  /** The prices of the categories for a range. */
  async prices(slug: string, slot: Pick<Slot, 'starts_at' | 'ends_at'>): Promise<Money[]> {
    const asked = new URLSearchParams({ starts_at: slot.starts_at, ends_at: slot.ends_at })
    const found = (await this.call('GET', `/venues/${slug}/availability?${asked}`)) as {
      categories: { price: Money }[]
    }
    return found.categories.map((one) => one.price)
  }

  /** Books a slot. However often the same `key` is sent, it books once. */
  async book(slug: string, kind: string, slot: Slot, key: string): Promise<Booked> {
    const headers = { 'Idempotency-Key': key }
    if (kind === 'parking') {
      const body = {
        spot_id: slot.resource.id,
        start_time: slot.starts_at,
        end_time: slot.ends_at,
      }
      const made = (await this.call('POST', '/parking/reservations', body, headers)) as {
        id: number
        cost: Money
      }
      return { id: String(made.id), price: made.cost }
    }
    const body = {
      venue: slug,
      resource: slot.resource.id,
      starts_at: slot.starts_at,
      ends_at: slot.ends_at,
      guest_count: 1,
    }
    const made = (await this.call('POST', '/reservations', body, headers)) as {
      id: string
      price: Money
      status: string
    }
    if (made.status === 'held') await this.call('POST', `/reservations/${made.id}/confirm`)
    return { id: made.id, price: made.price }
  }

  /** Ends or cancels a reservation. Repeating it changes nothing. */
  async release(kind: string, id: string): Promise<void> {
    if (kind === 'parking') await this.call('PUT', `/parking/reservations/${id}/complete`)
    else await this.call('POST', `/reservations/${id}/cancel`)
  }

  private async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<unknown> {
    for (let tried = 1; ; tried++) {
      const answer = await this.send(method, path, body, headers)
      // Every call is safe to repeat: it reads, has a key, or is a verb that answers 200 again.
      if (answer !== null && !(await isPassing(answer))) return read(answer)
      if (tried >= TRIES) throw new Unreachable()
      await new Promise((go) => setTimeout(go, this.pause * 2 ** (tried - 1)))
    }
  }

  private async send(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string>,
  ): Promise<Response | null> {
    const token = this.token()
    try {
      return await fetch(this.base + path, {
        method,
        headers: {
          Accept: 'application/json',
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...(token ? { Authorization: `Bearer ${token}` } : {}),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        credentials: 'omit',
        signal: AbortSignal.timeout(PATIENCE),
      })
    } catch {
      return null
    }
  }
}

async function isPassing(answer: Response): Promise<boolean> {
  if ([502, 503, 504].includes(answer.status)) return true
  if (answer.status !== 409) return false
  return (await problemOf(answer.clone())).code === 'in_progress'
}

async function read(answer: Response): Promise<unknown> {
  if (answer.status === 401) throw new SignedOut()
  if (!answer.ok) throw new Refused(answer.status, await problemOf(answer))
  return answer.status === 204 ? null : answer.json()
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    return (await answer.json()) as Problem
  } catch {
    return {}
  }
}
