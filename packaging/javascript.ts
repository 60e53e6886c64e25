import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';

/** Files that are started as such: the program, and the threads that it starts. */
export const ENTRY_POINTS = [
  'src/cli/main.ts',
  'src/platform/compression-thread.ts',
  'src/platform/hash-thread.ts',
  'src/platform/sha256-thread-main.ts',
  'src/source/unpack/unpack-thread.ts',
];

/**
 * Keeps commander from what takes long at every start and is of no use here: it loads what starts programs, for commands that are
 * executables of their own, a tenth of Node's own start; and it makes a set of all letters of Unicode, for names of options that are
 * in ASCII here.
 */
const commanderStart: Plugin = {
  name: 'commander-start',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path: 'child_process', namespace: 'on-demand' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'on-demand' }, () => ({
      contents:
        "export default { get spawn() { return process.getBuiltinModule('node:child_process').spawn; } };",
    }));
    onLoad({ filter: /[\\/]commander[\\/]lib[\\/]option\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const contents = text.replace(String.raw`/\p{ID_Continue}\.\.\.[>\]]$/u`, String.raw`/\w\.\.\.[>\]]$/`);
      if (contents === text)
        throw new Error(`${path}: how an option with several values is told is not found`);
      return { contents };
    });
  },
};

/** Bundles the sources as ECMAScript modules. What is loaded on demand becomes files of its own, so that a start reads little. */
export async function bundleModules(options: BuildOptions): Promise<void> {
  await build({
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    entryPoints: ENTRY_POINTS,
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Modules keep their named exports when they are loaded on demand, which CommonJS does not.
    mainFields: ['module', 'main'],
    // Not identifiers: what parses certificates tells its types by the names of classes.
    minifySyntax: true,
    minifyWhitespace: true,
    plugins: [commanderStart],
    ...options,
  });
}
