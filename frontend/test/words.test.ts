import { expect, it } from 'vitest'

import { Writing, wordsFor } from '../src/words'

it('writes times in the zone of the venue, whatever that of the reader', () => {
  const span = { starts_at: '2027-07-01T06:00:00Z', ends_at: '2027-07-01T10:00:00Z' }
  expect(new Writing('en', 'Europe/Amsterdam').span(span)).toBe('08:00–12:00')
  expect(new Writing('en', 'UTC').span(span)).toBe('06:00–10:00')
})

it('writes money with the places the currency has', () => {
  const writing = new Writing('en', 'UTC')
  expect(writing.money({ amount: '10.00', currency: 'EUR' })).toBe('€10.00')
  expect(writing.money({ amount: '1000', currency: 'JPY' })).toBe('¥1,000')
})

it('has every text in Dutch, and takes English for anything else', () => {
  const [english, dutch] = [wordsFor('en-GB'), wordsFor('nl-BE')]
  expect(Object.keys(dutch)).toEqual(Object.keys(english))
  expect(dutch.taken).toBe('Bezet')
  expect(wordsFor('fr').taken).toBe('Taken')
})
