import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { boardOf, listen } from '../src/live'

class Socket {
  static all: Socket[] = []
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  closed = false
  constructor(readonly address: string) {
    Socket.all.push(this)
  }
  close(): void {
    this.closed = true
    this.onclose?.({ code: 1000 })
  }
}

const ears = { hello: vi.fn(), word: vi.fn(), away: vi.fn() }

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('WebSocket', Socket)
  Socket.all = []
  for (const ear of Object.values(ears)) ear.mockReset()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('is beside the API, on whatever scheme that is', () => {
  vi.stubGlobal('location', { href: 'https://shop.example/page' })
  expect(boardOf('https://park.example/api/v1', 'a lot')).toBe('wss://park.example/ws/venues/a%20lot/')
  expect(boardOf('/api/v1', 'lot')).toBe('wss://shop.example/ws/venues/lot/')
})

it('comes again after a loss, later each time, and at once after a hello', () => {
  listen('ws://x', ears)
  for (const [number, most] of [[1, 1_000], [2, 2_000], [3, 4_000]] as const) {
    Socket.all.at(-1)!.onclose!({ code: 1006 })
    expect(ears.away).toHaveBeenCalledTimes(number)
    vi.advanceTimersByTime(most / 2 - 1)
    expect(Socket.all).toHaveLength(number)
    vi.advanceTimersByTime(most / 2 + 1)
    expect(Socket.all).toHaveLength(number + 1)
  }
  Socket.all.at(-1)!.onmessage!({ data: '{"type":"hello"}' })
  expect(ears.hello).toHaveBeenCalledOnce()
  Socket.all.at(-1)!.onclose!({ code: 1013 })
  vi.advanceTimersByTime(1_000)
  expect(Socket.all).toHaveLength(5)
})

it('stays away from a venue that is not there', () => {
  listen('ws://x', ears)
  Socket.all[0]!.onclose!({ code: 4404 })
  vi.advanceTimersByTime(60_000)
  expect(Socket.all).toHaveLength(1)
})

it('hears words, not noise, and nothing once it was told to stop', () => {
  const stop = listen('ws://x', ears)
  Socket.all[0]!.onmessage!({ data: 'noise' })
  Socket.all[0]!.onmessage!({ data: '{"type":"allocation","resource":"1"}' })
  expect(ears.word).toHaveBeenCalledOnce()
  stop()
  vi.advanceTimersByTime(60_000)
  expect(Socket.all).toHaveLength(1)
  expect(Socket.all[0]!.closed).toBe(true)
  expect(ears.away).not.toHaveBeenCalled()
})
