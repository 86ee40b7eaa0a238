/** Mounts a slots view into `#parking-slots-view` whenever the page has one, and unmounts it. */

import { createApp } from 'vue'
import type { App } from 'vue'

import SlotsView from './SlotsView.vue'
import { contractOf } from './contract'
import './slots.css'

const MOUNT = 'parking-slots-view'

let mounted: { at: HTMLElement; app: App; turn: () => void; end: () => void } | null = null

function mount(at: HTMLElement): void {
  let turn: () => void = () => undefined
  const app = createApp(SlotsView, {
    contract: contractOf(at),
    onReady: (given: () => void) => {
      turn = given
    },
  })
  app.mount(at)
  // Listen on the document: the page may replace its date control at any time.
  const changed = (event: Event) => {
    const selector = at.dataset.dateInput
    if (selector && event.target instanceof Element && event.target.matches(selector)) turn()
  }
  const watched = new MutationObserver(() => turn())
  watched.observe(at, { attributeFilter: ['data-date'] })
  document.addEventListener('change', changed)
  mounted = {
    at,
    app,
    turn: () => turn(),
    end: () => {
      watched.disconnect()
      document.removeEventListener('change', changed)
      app.unmount()
    },
  }
}

function look(): void {
  const at = document.getElementById(MOUNT)
  if (mounted?.at === at) return
  mounted?.end()
  mounted = null
  if (at) mount(at)
}

new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true })
look()
