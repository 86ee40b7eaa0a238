/** A socket for changes. It reconnects when it is lost, after a longer pause each time. */

import type { Word } from './board'

export interface Ears {
  /** The socket sends every change from now on: load the current state. */
  hello(): void
  word(word: Word): void
  /** The socket is lost: there are no messages until the next hello. */
  away(): void
}

export const NO_SUCH_VENUE = 4404
const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 30_000

/** The address of a venue's live board, on the server of the API. */
export function boardOf(api: string, venue: string): string {
  const address = new URL(`/ws/venues/${encodeURIComponent(venue)}/`, new URL(api, location.href))
  address.protocol = address.protocol.replace('http', 'ws')
  return address.href
}

/** Listens until the returned function is called. */
export function listen(address: string, ears: Ears): () => void {
  let socket: WebSocket | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let failed = 0
  let isOver = false

  function open(): void {
    try {
      socket = new WebSocket(address)
    } catch {
      again()
      return
    }
    socket.onmessage = ({ data }) => {
      const told = parse(data)
      if (told?.type === 'hello') {
        failed = 0
        ears.hello()
      } else if (told?.type === 'allocation') {
        ears.word(told as unknown as Word)
      }
    }
    socket.onclose = ({ code }) => {
      if (isOver) return
      ears.away()
      if (code !== NO_SUCH_VENUE) again()
    }
  }

  function again(): void {
    // Half of the pause is random, so that pages do not all reconnect at once after an outage.
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failed++)
    timer = setTimeout(open, pause * (0.5 + Math.random() / 2))
  }

  open()
  return () => {
    isOver = true
    clearTimeout(timer)
    socket?.close()
  }
}

function parse(data: unknown): { type?: string } | null {
  try {
    return JSON.parse(String(data)) as { type?: string }
  } catch {
    return null
  }
}
