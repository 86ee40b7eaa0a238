/** The contract between a page and the slots view: see docs/guide/embedding.md. */

export interface Contract {
  /** The address of the API, without a slash at the end. */
  api: string
  /** The venue's slug. */
  venue: string
  /** The language of texts, dates and money. */
  language: string
  /** The local day to show, `YYYY-MM-DD`. Null means today at the venue. */
  date(): string | null
  /** The page's token, read before each call. Null if nobody is logged in. */
  token(): string | null
  /** Tells the page. Returns false if the page handles it and the view must do nothing. */
  tell(name: EventName, detail: Record<string, unknown>): boolean
}

/**
 * `login`: the view needs a token (`reason`: `signed-out` or `expired`). `booked`, `released`: with the
 * `id` of the reservation, its `resource` and its range. `refused`: with the API's `code`.
 */
export type EventName = 'login' | 'booked' | 'released' | 'refused'

/** Reads the contract from the data attributes of a mount point. */
export function contractOf(mount: HTMLElement): Contract {
  const { api, venue, dateInput, date, tokenKey, loginUrl } = mount.dataset
  return {
    api: (api ?? '/api/v1').replace(/\/$/, ''),
    venue: venue ?? '',
    language: languageOf(mount),
    date: () => (dateInput ? valueOf(mount.ownerDocument, dateInput) : mount.dataset.date || date || null),
    token: () => (tokenKey ? stored(tokenKey) : null),
    tell: (name, detail) => tell(mount, name, detail, loginUrl),
  }
}

/** Dispatches `holdfast:<name>` from an element. By default `login` goes to `loginUrl`. */
export function tell(
  from: HTMLElement,
  name: EventName,
  detail: Record<string, unknown>,
  loginUrl?: string | null,
): boolean {
  const event = new CustomEvent(`holdfast:${name}`, {
    detail,
    bubbles: true,
    composed: true,
    cancelable: true,
  })
  const isOurs = from.dispatchEvent(event)
  if (isOurs && name === 'login' && loginUrl) location.assign(loginUrl)
  return isOurs
}

/** The page's language, in the reader's variant: dates and money differ within English. */
export function languageOf(element: HTMLElement): string {
  const marked = element.closest('[lang]')?.getAttribute('lang') || navigator.language
  const isAlike = (one: string) => one.split('-')[0] === marked
  try {
    return Intl.getCanonicalLocales(navigator.languages.find(isAlike) ?? marked)[0] ?? 'en'
  } catch {
    return 'en'
  }
}

/** The value that the page has stored for this tab or all tabs. Null without one. */
export function stored(key: string): string | null {
  try {
    return sessionStorage.getItem(key) ?? localStorage.getItem(key)
  } catch {
    // The browser may deny storage.
    return null
  }
}

function valueOf(document: Document, selector: string): string | null {
  return document.querySelector<HTMLInputElement>(selector)?.value || null
}
