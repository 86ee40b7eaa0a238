/** `<holdfast-slots>`: the slots view for any site, in a shadow root with its own style sheet. */

import { createApp, h, shallowRef } from 'vue'
import type { App } from 'vue'

import SlotsView from './SlotsView.vue'
import { languageOf, stored, tell } from './contract'
import type { Contract } from './contract'
import css from './slots.css?inline'
import { wordsFor } from './words'

/** The server of the script, unless the page names another one. */
const HOME = document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : location.href
const DAY = 86_400_000

let sheet: CSSStyleSheet | undefined

function style(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet()
    sheet.replaceSync(`:host { display: block; color-scheme: light dark; } :host([hidden]) { display: none; }${css}`)
  }
  return sheet
}

class HoldfastSlots extends HTMLElement {
  static readonly observedAttributes = ['venue', 'api', 'date', 'lang']

  /** The page's token, or a function that returns it. The attributes `token` and `token-key` work too. */
  token: string | null | (() => string | null) = null
  #app: App | null = null
  #turn: () => void = () => undefined
  #day = shallowRef(today())

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' })
    root.adoptedStyleSheets = [style()]
    this.#begin()
  }

  disconnectedCallback(): void {
    this.#app?.unmount()
    this.#app = null
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.#app || before === now) return
    if (name === 'date') return this.#turn()
    this.disconnectedCallback()
    this.#begin()
  }

  #begin(): void {
    const contract = this.#contract()
    this.#app = createApp({
      render: () => [
        this.hasAttribute('date') ? null : this.#control(contract.language),
        h(SlotsView, { contract, onReady: (turn: () => void) => (this.#turn = turn) }),
      ],
    })
    this.#app.mount(this.shadowRoot!)
  }

  /** Adds a date control if the page has none of its own. */
  #control(language: string) {
    const words = wordsFor(language)
    const go = (day: string) => {
      if (!day) return
      this.#day.value = day
      this.#turn()
    }
    const step = (days: number) => () =>
      go(new Date(Date.parse(this.#day.value) + days * DAY).toISOString().slice(0, 10))
    return h('div', { class: 'holdfast-day' }, [
      h('button', { type: 'button', 'aria-label': words.previous, onClick: step(-1) }, '‹'),
      h('label', [
        words.day,
        h('input', {
          type: 'date',
          value: this.#day.value,
          onChange: (event: Event) => go((event.target as HTMLInputElement).value),
        }),
      ]),
      h('button', { type: 'button', 'aria-label': words.next, onClick: step(1) }, '›'),
    ])
  }

  #contract(): Contract {
    const api = this.getAttribute('api') ?? new URL('/api/v1', HOME).href
    return {
      api: api.replace(/\/$/, ''),
      venue: this.getAttribute('venue') ?? '',
      language: languageOf(this),
      date: () => this.getAttribute('date') ?? this.#day.value,
      token: () => this.#token(),
      tell: (name, detail) => tell(this, name, detail, this.getAttribute('login-url')),
    }
  }

  #token(): string | null {
    const given = typeof this.token === 'function' ? this.token() : this.token
    const key = this.getAttribute('token-key')
    return given ?? this.getAttribute('token') ?? (key ? stored(key) : null)
  }
}

/** The reader's local date. Readers far from the venue may have to go to another day. */
function today(): string {
  const now = new Date()
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10)
}

if (!customElements.get('holdfast-slots')) customElements.define('holdfast-slots', HoldfastSlots)
