/**
 * Builds both bundles and writes the digests of their sources beside them. So a test without Node
 * can find a stale bundle. `node build.mjs <folder>` builds somewhere else.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'

import { build } from 'vite'

import { bundle } from './bundles.mjs'

const here = import.meta.dirname
const out = resolve(process.argv[2] ?? join(here, '../web/static/web/built'))

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
await build(bundle(join(here, 'src/page.ts'), 'slots-view', 'iife', out))
await build(bundle(join(here, 'src/element.ts'), 'holdfast-slots', 'iife', out))
writeFileSync(join(out, 'sources.sha256'), digests())
for (const name of readdirSync(out).sort()) {
  const bytes = readFileSync(join(out, name))
  console.log(`${name}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzip`)
}

/** One line for each source file, as sha256sum writes them. */
function digests() {
  const sources = readdirSync(join(here, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(here, join(entry.parentPath, entry.name)))
  return [...sources, 'build.mjs', 'bundles.mjs', 'package-lock.json', 'package.json', 'tsconfig.json']
    .sort()
    .map((name) => `${createHash('sha256').update(readFileSync(join(here, name))).digest('hex')}  ${name}\n`)
    .join('')
}
