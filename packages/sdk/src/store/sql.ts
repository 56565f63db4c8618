/** SQL as data: how statements are written so that one text serves SQLite and PostgreSQL. */

/** What a column holds and a placeholder takes. Booleans are kept as 0 and 1. */
export type SqlValue = string | number | null

/** A text with `?` for each value. */
export interface Statement {
  readonly text: string
  readonly values: readonly SqlValue[]
}

/** Statements that belong together: each is run when it is asked for, and what it gave is handed in. */
export type Steps<Result> = Generator<Statement, Result, readonly SqlRow[]>

/** Runs statements in one transaction. They may be run again from the beginning. */
export type Transact = <Result>(steps: () => Steps<Result>) => Promise<Result>

/** A row as a driver gives it back: columns by name; whole numbers as number, text or bigint. */
export type SqlRow = Readonly<Record<string, unknown>>

/** All that differs between the databases. */
export interface Dialect {
  /** A table with a column `value` that holds one row of a list of rows, which travels as one JSON text. */
  readonly rows: string
  /** True where `column` is the first field of one row of such a list. */
  readonly isOneOf: (column: string) => string
  /** A table with a column `value` that holds the texts of a column with a JSON list of them. */
  readonly each: (column: string) => string
  /** True where `column` begins with a value. */
  readonly beginsWith: (column: string) => string
  /** Locks the rows of a `SELECT` until the transaction ends. */
  readonly lock: string
}

/** SQLite needs no row locks: one transaction writes at a time. */
export const SQLITE: Dialect = {
  rows: 'json_each(?)',
  isOneOf: (column) => `${column} IN (SELECT value ->> 0 FROM json_each(?))`,
  each: (column) => `json_each(${column})`,
  beginsWith: (column) => `instr(${column}, ?) = 1`,
  lock: '',
}

/** PostgreSQL and the databases that speak like it. */
export const POSTGRES: Dialect = {
  rows: 'jsonb_array_elements(CAST(? AS jsonb))',
  // An array is planned in a third of the time of a join, and always as a search of the index.
  isOneOf: (column) => `${column} = ANY (ARRAY(SELECT value ->> 0 FROM jsonb_array_elements(CAST(? AS jsonb))))`,
  each: (column) => `jsonb_array_elements_text(CAST(${column} AS jsonb))`,
  // It takes this to be true of many rows; of a substring that is compared, of so few that it reads and sorts them all.
  beginsWith: (column) => `starts_with(${column}, ?)`,
  lock: ' FOR UPDATE',
}

/** A table's columns in order, each with its type. */
export type Columns = Readonly<Record<string, 'TEXT' | 'BIGINT'>>

/**
 * Inserts any number of rows with one constant text and one value, so that a group costs one round trip and the
 * database can keep the plan.
 */
export function insertText(dialect: Dialect, table: string, columns: Columns, onConflict: string): string {
  const names = Object.keys(columns)
  const fields = Object.values(columns).map((type, index) => `CAST(value ->> ${index} AS ${type})`)
  // SQLite cannot tell ON CONFLICT from a join's ON without the WHERE.
  const source = `SELECT ${fields.join(', ')} FROM ${dialect.rows} WHERE true`
  return `INSERT INTO ${table} (${names.join(', ')}) ${source} ${onConflict}`.trim()
}

/** Overwrites the row that is already there. */
export function overwrite(key: string, columns: Columns): string {
  const others = Object.keys(columns).filter((name) => name !== key)
  return `ON CONFLICT (${key}) DO UPDATE SET ${others.map((name) => `${name} = excluded.${name}`).join(', ')}`
}

/** A list of rows as one value. */
export function encodeRows(rows: readonly (readonly SqlValue[])[]): string {
  return JSON.stringify(rows)
}

/** `$1`, `$2`, … instead of `?`, for drivers that number their placeholders. No text has a `?` that is not one. */
export function numberPlaceholders(text: string): string {
  let count = 0
  return text.replaceAll('?', () => `$${++count}`)
}
