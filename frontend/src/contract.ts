/** What a page tells the slots view, and the view the page: see docs/guide/embedding.md. */

export interface Contract {
  /** Where the API is, without a slash at the end. */
  api: string
  /** The venue's slug. */
  venue: string
  /** The language of texts, dates and money. */
  language: string
  /** The day that is shown, `YYYY-MM-DD`; null is today, where the venue is. */
  date(): string | null
  /** The page's token, asked for before each call; null while nobody is logged in. */
  token(): string | null
  /** Tell the page. False when it will deal with it and wants nothing done here. */
  tell(name: EventName, detail: Record<string, unknown>): boolean
}

/**
 * `login`: a token is needed (`reason`: `signed-out` or `expired`). `booked`, `released`: with the
 * reservation's `id`, the `resource` and its times. `refused`: with the API's `code`.
 */
export type EventName = 'login' | 'booked' | 'released' | 'refused'

/** The contract that a mount point's data attributes make. */
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

/** Send `holdfast:<name>` up from an element; by default a needed log-in goes to `loginUrl`. */
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

/** The page's language, in the reader's own kind of it: dates and money differ within English. */
export function languageOf(element: HTMLElement): string {
  const marked = element.closest('[lang]')?.getAttribute('lang') || navigator.language
  const isAlike = (one: string) => one.split('-')[0] === marked
  try {
    return Intl.getCanonicalLocales(navigator.languages.find(isAlike) ?? marked)[0] ?? 'en'
  } catch {
    return 'en'
  }
}

/** What the page keeps under a key, for this tab or for all of them. */
export function stored(key: string): string | null {
  try {
    return sessionStorage.getItem(key) ?? localStorage.getItem(key)
  } catch {
    // A page may be denied its storage.
    return null
  }
}

function valueOf(document: Document, selector: string): string | null {
  return document.querySelector<HTMLInputElement>(selector)?.value || null
}
