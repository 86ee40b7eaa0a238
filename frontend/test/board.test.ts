import { describe, expect, it } from 'vitest'

import type { Slot } from '../src/api'
import { after, aged, arrange } from '../src/board'
import type { Word } from '../src/board'

const slot = (unit: string, from: number, state: Slot['state'] = 'free'): Slot => ({
  resource: { id: unit, name: `10${unit}`, floor: 1 },
  starts_at: `2027-03-01T${String(from).padStart(2, '0')}:00:00Z`,
  ends_at: `2027-03-01T${String(from + 4).padStart(2, '0')}:00:00Z`,
  state,
})

const word = (from: number, to: number, state: Word['state'], resource = '1'): Word => ({
  type: 'allocation',
  resource,
  state,
  starts_at: `2027-03-01T${String(from).padStart(2, '0')}:00:00Z`,
  ends_at: `2027-03-01T${String(to).padStart(2, '0')}:00:00Z`,
})

describe('the grid', () => {
  it('has units in their order and spans by time, however they came', () => {
    const grid = arrange([slot('2', 12), slot('2', 8), slot('1', 8)])
    expect(grid.units.map((unit) => unit.id)).toEqual(['2', '1'])
    expect(grid.spans.map((span) => span.starts_at.slice(11, 13))).toEqual(['08', '12'])
    expect(grid.slot(grid.units[1]!, grid.spans[1]!)).toBeUndefined()
  })
})

describe('a word of the socket', () => {
  const states = (items: Slot[]) => items.map((one) => one.state)

  it('takes every slot it touches, of that unit alone', () => {
    const found = after([slot('1', 8), slot('1', 12), slot('1', 16), slot('2', 12)], word(11, 13, 'taken'))
    expect(states(found.items)).toEqual(['taken', 'taken', 'free', 'free'])
    expect(found.isUnsure).toBe(false)
  })

  it('touches nothing that only ends where it begins', () => {
    expect(states(after([slot('1', 8)], word(12, 16, 'taken')).items)).toEqual(['free'])
  })

  it('frees a slot that it covers', () => {
    const found = after([slot('1', 8, 'taken'), slot('1', 12, 'taken')], word(8, 12, 'free'))
    expect(states(found.items)).toEqual(['free', 'taken'])
    expect(found.isUnsure).toBe(false)
  })

  it('leaves a slot that is free in part to the API', () => {
    const found = after([slot('1', 8, 'taken')], word(10, 12, 'free'))
    expect(states(found.items)).toEqual(['taken'])
    expect(found.isUnsure).toBe(true)
  })

  it('opens nothing that is past or closed', () => {
    const found = after([slot('1', 8, 'past'), slot('1', 12, 'closed')], word(8, 16, 'free'))
    expect(states(found.items)).toEqual(['past', 'closed'])
  })
})

describe('time', () => {
  it('makes a slot past one millisecond after it began', () => {
    const begun = Date.parse('2027-03-01T08:00:00Z')
    expect(aged([slot('1', 8)], begun)[0]!.state).toBe('free')
    expect(aged([slot('1', 8)], begun + 1)[0]!.state).toBe('past')
  })
})
