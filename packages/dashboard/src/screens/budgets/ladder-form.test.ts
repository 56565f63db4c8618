import fc from 'fast-check'
import { expect, it } from 'vitest'
import { addStep, changeStep, inOrder, moveStep, type StepForm, stepsOf, writtenSteps } from './ladder-form.js'

const ladder = stepsOf([
  { at: 0.8, step: 'cheaper-tier', to: 'small' },
  { at: 0.95, step: 'tighter-max-tokens', maxTokens: 2000 },
  { at: 1, step: 'refuse' },
])
const said = (steps: readonly StepForm[]) => steps.map(({ at, kind }) => `${at} ${kind}`)

it('a ladder that nobody touches is written as it is', () => {
  expect(writtenSteps(ladder)).toEqual([
    { at: '80%', step: 'cheaper-tier', to: 'small' },
    { at: '95%', step: 'tighter-max-tokens', maxTokens: 2000 },
    { at: '100%', step: 'refuse' },
  ])
})

it('every share comes back as it was', () => {
  const shares = fc.oneof(
    fc.double({ min: 1e-12, max: 1, noNaN: true }),
    fc.integer({ min: 1, max: 100_000_000 }).map((millionths) => millionths / 100_000_000),
  )
  const property = fc.property(shares, (at) => {
    const [written] = writtenSteps(stepsOf([{ at, step: 'refuse' }]))
    const text = String(written?.at)
    const share = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text)
    expect(share).toBeCloseTo(at, 12)
    expect(text).toMatch(/^\d{1,3}(\.\d{1,6})?%$|^[^%]+$/)
  })
  fc.assert(property)
})

it('a step is offered that is not there yet, in its place', () => {
  expect(said(addStep([]))).toEqual(['80% cheaper-tier'])
  expect(said(addStep(ladder))).toEqual([
    '80% cheaper-tier',
    '90% lower-effort',
    '95% tighter-max-tokens',
    '100% refuse',
  ])
  const keys = addStep(addStep(ladder)).map(({ key }) => key)
  expect(new Set(keys).size).toBe(5)
})

it('moving a step exchanges what is done, and the shares stay in order', () => {
  const moved = moveStep(ladder, 0, 1)
  expect(said(moved)).toEqual(['80% tighter-max-tokens', '95% cheaper-tier', '100% refuse'])
  expect(moved.map(({ key }) => key)).toEqual([1, 0, 2])
  expect(moveStep(ladder, 0, -1)).toBe(ladder)
})

it('another kind brings its own settings and leaves those of the old one behind', () => {
  const [first] = changeStep(ladder, 0, { kind: 'lower-effort' })
  expect(first).toMatchObject({ kind: 'lower-effort', to: 'low', maxTokens: '' })
  expect(changeStep(ladder, 0, { at: '70%' })[0]).toMatchObject({ at: '70%', to: 'small' })
})

it('85, 85% and 0.85 are the same, and steps fall into the order of their shares', () => {
  for (const at of ['85', ' 85 %', '0.85', '.85']) {
    expect(said(inOrder(changeStep(ladder, 2, { at })))[1]).toBe('85% refuse')
  }
  expect(inOrder(ladder)).toBe(ladder)
})

it('what cannot be read stays as it was typed, for the gateway to say what is wrong', () => {
  const typed = changeStep(changeStep(ladder, 0, { at: 'soon' }), 1, { maxTokens: 'few' })
  expect(inOrder(typed)).toBe(typed)
  expect(writtenSteps(typed)).toMatchObject([{ at: 'soon' }, { maxTokens: 'few' }, { at: '100%' }])
})
