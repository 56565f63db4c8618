/** What a house rule is. */
import type { SourceFile } from './source-file.js'
import { lineOf } from './source-file.js'

/** One place that breaks a rule, and what to do about it. */
export interface Finding {
  readonly path: string
  /** Counted from 1. */
  readonly line: number
  readonly rule: string
  /** Says what to do, not only what is wrong. */
  readonly advice: string
}

/** A rule looks at all files of the house and answers where it is broken. It changes nothing and reads nothing else. */
export interface Rule {
  readonly name: string
  check(files: readonly SourceFile[]): readonly Finding[]
}

/** A finding at a character of a file. */
export function findingAt(file: SourceFile, offset: number, rule: string, advice: string): Finding {
  return { path: file.path, line: lineOf(file, offset), rule, advice }
}

/** `path:line rule — what to do`, as it is printed. */
export function formatFinding({ path, line, rule, advice }: Finding): string {
  return `${path}:${line} ${rule} — ${advice}`
}
