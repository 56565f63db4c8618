/** What must hold of a package before others install it. Each check answers with what to do, one line each. */
import { parseSync } from 'oxc-parser'
import type { BundleSize } from './bundles.js'
import type { PackageFacts } from './package-facts.js'

/** All checks that look at one package, together. */
export function checkPackage(facts: PackageFacts, licence: string): readonly string[] {
  const problems = [
    ...checkFiles(facts),
    ...checkLicence(facts, licence),
    ...checkLeftOutput(facts),
    ...checkScripts(facts),
    ...checkBin(facts),
    ...checkDeclared(facts),
  ]
  return problems.map((problem) => `${facts.folder} — ${problem}`)
}

/** Only what was built, the pages that one of them serves, and the three files that belong to every package. */
function checkFiles({ packed, manifest }: PackageFacts): readonly string[] {
  const bins = Object.values(manifest.bin ?? {}).map((path) => path.replace(/^\.\//, ''))
  const isWanted = (path: string) =>
    /^(?:(?:dist|dashboard)\/.+|README\.md|LICENSE|package\.json)$/.test(path) || bins.includes(path)
  const isForTests = (path: string) => /\.test\.|\.tsbuildinfo$|(?:^|\/)(?:test|__tests__)\//.test(path)
  return [
    ...packed.filter((path) => !isWanted(path)).map((path) => `ships ${path}: leave it out of "files"`),
    ...packed.filter(isForTests).map((path) => `ships ${path}, which is only for us: keep it out of dist`),
    ...['README.md', 'LICENSE', 'package.json']
      .filter((path) => !packed.includes(path))
      .map((path) => `ships no ${path}: add one to the folder`),
  ]
}

/** Every package carries the licence of the repository, word for word. */
function checkLicence({ packed, textOf }: PackageFacts, licence: string): readonly string[] {
  if (!packed.includes('LICENSE') || textOf('LICENSE') === licence) return []
  return ['its LICENSE differs from the one of the repository: copy that']
}

/** The compiler never deletes: what came from a source that is gone would be shipped for ever. */
function checkLeftOutput({ packed, sources }: PackageFacts): readonly string[] {
  const built = new Set(sources.map((path) => path.replace(/^src\//, 'dist/').replace(/\.ts$/, '')))
  const isLeft = (path: string) => /^dist\/.+\.js$/.test(path) && !built.has(path.replace(/\.js$/, ''))
  const left = packed.filter(isLeft)
  return left.map((path) => `ships ${path}, which no source makes any more: delete dist and build again`)
}

/** Installing a package must run nothing. */
function checkScripts({ manifest }: PackageFacts): readonly string[] {
  return ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish']
    .filter((name) => manifest.scripts?.[name] !== undefined)
    .map((name) => `runs a script on ${name}: do without`)
}

/** A program is shipped and says what runs it. */
function checkBin({ manifest, packed, textOf }: PackageFacts): readonly string[] {
  return Object.entries(manifest.bin ?? {}).flatMap(([name, target]) => {
    const path = target.replace(/^\.\//, '')
    if (!packed.includes(path)) return [`does not ship the program ${name} (${path}): build it`]
    return textOf(path).startsWith('#!/usr/bin/env node\n') ? [] : [`start ${path} with "#!/usr/bin/env node"`]
  })
}

/** What the built code imports is installed with it: our own tree holds more packages than a user's. */
function checkDeclared({ manifest, packed, textOf }: PackageFacts): readonly string[] {
  const declared = [manifest.name, ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })]
  return packed
    .filter((path) => path.endsWith('.js'))
    .flatMap((path) =>
      importedPackages(path, textOf(path))
        .filter((name) => !declared.includes(name))
        .map((name) => `${path} imports ${name}: declare it under "dependencies"`),
    )
}

/** The packages a built file imports, each once; Node's own modules and relative imports are none. */
export function importedPackages(path: string, text: string): readonly string[] {
  const { module } = parseSync(path, text)
  const literals = module.dynamicImports.map(({ moduleRequest: { start, end } }) => text.slice(start, end))
  const specifiers = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    ),
    ...literals.filter((literal) => /^(['"]).*\1$/.test(literal)).map((literal) => literal.slice(1, -1)),
  ]
  const foreign = specifiers.filter((specifier) => !/^(?:\.|node:)/.test(specifier))
  return [...new Set(foreign.map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier))]
}

/** What is not needed at once is loaded later: one careless import would bring all of it back. */
export function checkImportSize(name: string, size: BundleSize, mostBytes: number): readonly string[] {
  const { names, importBytes } = size
  if (importBytes <= mostBytes) return []
  const [found, most] = [importBytes, mostBytes].map((bytes) => `${(bytes / 1_000).toFixed(1)} kB`)
  return [`${name} — ${names.join(' + ')} loads ${found} at import, of ${most}: load later what only calls need`]
}

/** All packages carry one version and ask for each other in exactly that version, for they are tested only together. */
export function checkVersions(
  packages: readonly Pick<PackageFacts, 'folder' | 'manifest'>[],
  version: string,
): readonly string[] {
  const ours = new Set(packages.map(({ manifest }) => manifest.name))
  return packages.flatMap(({ folder, manifest }) => [
    ...(manifest.version === version ? [] : [`${folder} — is version ${manifest.version}: make it ${version}`]),
    ...Object.entries({ ...manifest.dependencies, ...manifest.peerDependencies })
      .filter(([name, range]) => ours.has(name) && range !== version)
      .map(([name, range]) => `${folder} — asks for ${name} ${range}: make it exactly ${version}`),
  ])
}
