/**
 * Calls whose task is known, in words: what the classifier is measured on. Written for it, so that what it does on other
 * people's calls will be worse: the second part, which avoids its words, shows how much.
 */

/** One call. */
export interface WordedCall {
  /** Null for one that is none of the tasks. */
  readonly task: string | null
  readonly content: string
  readonly system: string
}

/** Instructions that name their task. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  classify: [
    'Classify this ticket as billing, bug or question: {}',
    'Which category does this belong to? {}',
    'What is the sentiment of this review? {}',
  ],
  extract: [
    'Extract the order number and the date from: {}',
    'Pull out every amount in this mail: {}',
    'List all names in the following text. {}',
  ],
  summarize: ['Summarize this for a busy reader: {}', 'Give me a summary of the following. {}', 'TL;DR please: {}'],
  code_review: [
    'Review this diff and say what could break: {}',
    'Do a code review of this function: {}',
    'What do you think of this pull request? {}',
  ],
  research: [
    'Research how other teams handle this: {}',
    'Write an in-depth report on this question: {}',
    'Do a literature review about: {}',
  ],
  reason: ['Prove that this holds: {}', 'Solve this step by step: {}', 'Derive the formula behind: {}'],
  analyze: ['Analyze these figures: {}', 'Compare the two offers: {}', 'Assess the risks in this plan: {}'],
}

/** The same wishes in other words. */
const OTHERWISE: Readonly<Record<string, readonly string[]>> = {
  classify: ['Put this ticket into the right bucket: {}', 'Billing or bug? {}', 'Is the writer angry or happy? {}'],
  extract: ['What is the order number in here? {}', 'Give me the amounts as JSON. {}', 'Who is mentioned? {}'],
  summarize: ['What is the gist? {}', 'Make this shorter: {}', 'I have no time, what does it say? {}'],
  code_review: ['See anything wrong with this? {}', 'Would you merge this? {}', 'Any bugs here? {}'],
  research: ['What is known about this? {}', 'Find out how others do it: {}', 'Dig into this topic for me: {}'],
  reason: ['Is this always true? {}', 'What comes next in this row? {}', 'How many ways are there? {}'],
  analyze: ['What do these figures tell us? {}', 'Which offer is better? {}', 'What could go wrong? {}'],
}

/** What is none of the tasks, and what looks like one and is none. */
const NONE = [
  'Write a poem about {}',
  'Translate into French: {}',
  'Thanks! And what about {}',
  'Write a function that does this: {}',
  'Draft an email that cancels {}',
  'Tell me a story about {}',
  'What is a classified advertisement, and is {} one?',
  'Our research department wants a logo. {}',
  'Plan a trip that includes {}',
]

const FILLERS = [
  'the printer of the third floor shows error 52 since Monday',
  'invoice 2041 of 12 March, 1,250.00 euros, paid twice',
  'const total = items.reduce((sum, item) => sum + item.price)',
  'if n is odd, then n squared minus one can be divided by eight',
  'sales rose by 4 % in the north and fell by 9 % in the south',
  'Dear Ms Lindqvist, Mr Abara will join us in Lagos on Friday',
  'the council agreed on the new bridge, but not on who pays',
]

/** Contents that name a task themselves, as real ones do. */
const LOUD_FILLERS = [
  'please summarize our contract and send it to me, says the customer',
  'the ministry wants to classify the report',
  'the lab could not extract the tooth, writes Dr Mbeki',
  'the proof is in the pudding, step by step',
]

/** A part of the set. */
export interface WordedSet {
  readonly name: string
  readonly calls: readonly WordedCall[]
}

/** Every instruction with every filler. */
export function wordCalls(): readonly WordedSet[] {
  const fill = (task: string | null, patterns: readonly string[], fillers = FILLERS): readonly WordedCall[] =>
    patterns.flatMap((pattern) =>
      fillers.map((filler) => ({ task, content: pattern.replace('{}', filler), system: '' })),
    )
  const all = (by: Readonly<Record<string, readonly string[]>>, fillers = FILLERS): readonly WordedCall[] =>
    Object.entries(by).flatMap(([task, patterns]) => fill(task, patterns, fillers))
  return [
    { name: 'named', calls: all(NAMED) },
    { name: 'otherwise', calls: all(OTHERWISE) },
    { name: 'named, loud content', calls: all(NAMED, LOUD_FILLERS) },
    { name: 'otherwise, loud content', calls: all(OTHERWISE, LOUD_FILLERS) },
    { name: 'none', calls: fill(null, NONE) },
  ]
}
