import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { Api, Refused, SignedOut, Unreachable } from '../src/api'
import type { Slot } from '../src/api'

const SLOT: Slot = {
  resource: { id: '7', name: '101', floor: 1 },
  starts_at: '2027-03-01T08:00:00Z',
  ends_at: '2027-03-01T12:00:00Z',
  state: 'free',
}
const asked: Request[] = []
let answers: (Response | Error)[] = []

const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status })
const api = () => new Api('http://api.example/api/v1', () => 'token', 0)

beforeEach(() => {
  asked.length = 0
  vi.stubGlobal('fetch', (address: string, init: RequestInit) => {
    asked.push(new Request(address, { ...init, signal: null }))
    const answer = answers.shift()
    return answer instanceof Response ? Promise.resolve(answer) : Promise.reject(answer ?? new Error())
  })
})
afterEach(() => vi.unstubAllGlobals())

it('sends a booking whose answer was lost again with the same key', async () => {
  answers = [
    new TypeError('lost'),
    json(503, {}),
    json(409, { code: 'in_progress' }),
    json(201, { id: 5, cost: { amount: '10.00', currency: 'EUR' } }),
  ]
  const made = await api().book('lot', 'parking', SLOT, 'one-wish')
  expect(made).toEqual({ id: '5', price: { amount: '10.00', currency: 'EUR' } })
  expect(asked.map((one) => one.headers.get('Idempotency-Key'))).toEqual(Array(4).fill('one-wish'))
  expect(asked[0]!.headers.get('Authorization')).toBe('Bearer token')
  expect(await asked[3]!.json()).toEqual({
    spot_id: '7',
    start_time: '2027-03-01T08:00:00Z',
    end_time: '2027-03-01T12:00:00Z',
  })
})

it('does not repeat a refusal, and hands on what it says', async () => {
  answers = [json(409, { code: 'taken', detail: 'Taken.', alternatives: [SLOT] })]
  const fault: unknown = await api().book('lot', 'parking', SLOT, 'key').catch((one: unknown) => one)
  expect(fault).toBeInstanceOf(Refused)
  expect(fault).toMatchObject({ status: 409, code: 'taken', message: 'Taken.' })
  expect((fault as Refused).alternatives).toHaveLength(1)
  expect(asked).toHaveLength(1)
})

it('confirms what a venue only holds', async () => {
  const made = { id: '9', status: 'held', price: { amount: '0.00', currency: 'EUR' } }
  answers = [json(201, made), json(200, made)]
  await api().book('practice', 'practice', SLOT, 'key')
  expect(asked.map((one) => new URL(one.url).pathname)).toEqual([
    '/api/v1/reservations',
    '/api/v1/reservations/9/confirm',
  ])
})

it('tells a session that ended from an API that is away', async () => {
  answers = [json(401, { code: 'invalid_token' })]
  await expect(api().venue('lot')).rejects.toBeInstanceOf(SignedOut)
  answers = Array.from({ length: 4 }, () => json(502, {}))
  await expect(api().venue('lot')).rejects.toBeInstanceOf(Unreachable)
})
