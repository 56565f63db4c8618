/** The packages of this repository, and the archives that npm makes of them. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Manifest } from '../packages/package-facts.js'

const execute = promisify(execFile)

/** The manifest of a package, by its folder from the root; `.` for the whole house. */
export function readManifest(root: string, folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest
}

/** The packages of this repository, private ones included. */
export function listPackages(root: string): readonly { readonly folder: string; readonly manifest: Manifest }[] {
  return readdirSync(join(root, 'packages'))
    .map((name) => `packages/${name}`)
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => ({ folder, manifest: readManifest(root, folder) }))
}

/** What npm packs: the archive, and the files in it. */
export interface Packed {
  readonly archive: string
  readonly files: readonly string[]
}

/** What npm packs, by package name. One run for all of them, without running their scripts. */
export async function packAll(
  root: string,
  folders: readonly string[],
  into: string,
): Promise<ReadonlyMap<string, Packed>> {
  const workspaces = folders.flatMap((folder) => ['--workspace', folder])
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', into, ...workspaces]
  const { stdout } = await execute('npm', args, { cwd: root, shell: process.platform === 'win32' })
  const packed = JSON.parse(stdout) as readonly { name: string; filename: string; files: readonly { path: string }[] }[]
  return new Map(
    packed.map(({ name, filename, files }) => [
      name,
      // Some versions of npm write the name of a scoped package where the name of its file belongs.
      { archive: join(into, filename.replace(/^@/, '').replace('/', '-')), files: files.map(({ path }) => path) },
    ]),
  )
}
