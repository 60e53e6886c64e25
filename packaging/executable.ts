import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from './code-caches/commands.ts';
import { makeCodeCaches } from './code-caches/make.ts';
import { withNote } from './elf.ts';
import { embeddedModules } from './embedded-modules.ts';
import { ENTRY_POINTS } from './javascript.ts';
import { type Architecture, nodeBinary } from './node-binary.ts';

/**
 * Flags of V8 in the executable. A small young generation frees the buffers of a stream early: less memory, and faster than
 * with the default. It has its whole size from the beginning, so that what ends soon ends without collecting garbage.
 */
const FLAGS = ['--min-semi-space-size=2', '--max-semi-space-size=2'];
/** Node looks for its program in the note of this name, if the other is followed by a 1 (src/node_sea_bin.cc, deps/postject). */
const NOTE = 'NODE_SEA_BLOB';
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** What is in an executable, in bytes. */
export interface Contents {
  readonly node: number;
  readonly modules: number;
  readonly moduleCount: number;
  readonly codeCaches: number;
}

/** What an executable is made of, for any architecture. */
export class ExecutableParts {
  readonly #modules: ReadonlyMap<string, string>;
  readonly #commands: readonly (readonly string[])[];

  private constructor(modules: ReadonlyMap<string, string>, commands: readonly (readonly string[])[]) {
    this.#modules = modules;
    this.#commands = commands;
  }

  /**
   * @param entryPoints Sources of the main module, `main`, and of the threads that it starts.
   * @param commands Command lines for which little is to be compiled any more; see code-caches/commands.ts.
   */
  static async bundle(
    entryPoints: readonly string[] = ENTRY_POINTS,
    commands: readonly (readonly string[])[] = COMMANDS,
  ): Promise<ExecutableParts> {
    return new ExecutableParts(await embeddedModules(entryPoints), commands);
  }

  /** Writes an executable: Node, and in a note of it the program. */
  write(architecture: Architecture, path: string): Contents {
    const directory = mkdtempSync(join(tmpdir(), 'kairos-sysext-executable-'));
    try {
      const { blob, codeCaches } = this.#blob(architecture, directory);
      const node = withFuse(nodeBinary(architecture));
      const executable = withNote(node, NOTE, blob);
      writeFileSync(path, executable, { mode: 0o755 });
      const modules = [...this.#modules.values()].reduce((sum, { length }) => sum + length, 0);
      return {
        node: executable.length - blob.length,
        modules,
        moduleCount: this.#modules.size,
        codeCaches,
      };
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  #blob(architecture: Architecture, directory: string): { blob: Buffer; codeCaches: number } {
    const { name, version } = JSON.parse(readFileSync(beside('../package.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    const loader = readFileSync(beside('module-loader.js'), 'latin1');
    const texts = new Map([
      ...this.#modules,
      ['module-loader.js', loader],
      ['package.json', JSON.stringify({ name, version })],
    ]);
    for (const [name, text] of texts) writeFileSync(join(directory, name), text);
    const caches = [...this.#modules.keys()].map((name) => `${name}.cache`);
    // Only the Node that makes a code cache can use it, so that one for another architecture cannot be made here.
    if (architecture === process.arch) makeCodeCaches(directory, caches, this.#commands);
    else for (const name of caches) writeFileSync(join(directory, name), '');

    const assets = [...texts.keys(), ...caches].sort();
    writeFileSync(join(directory, 'executable.js'), `${loader}runModule('./main.js');\n`);
    const configuration = {
      // Relative, since the path stands in the executable.
      main: 'executable.js',
      output: 'blob',
      disableExperimentalSEAWarning: true,
      execArgv: FLAGS,
      // Nothing but the command line says what the program does: NODE_OPTIONS is not looked at.
      execArgvExtension: 'none',
      assets: Object.fromEntries(assets.map((name) => [name, name])),
    };
    writeFileSync(join(directory, 'configuration.json'), JSON.stringify(configuration));
    execFileSync(process.execPath, ['--experimental-sea-config', 'configuration.json'], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const codeCaches = caches.reduce((sum, name) => sum + readFileSync(join(directory, name)).length, 0);
    return { blob: readFileSync(join(directory, 'blob')), codeCaches };
  }
}

/** Node with the mark that says that there is a program in it. */
function withFuse(node: Buffer): Buffer {
  const at = node.indexOf(`${FUSE}:0`, 0, 'latin1');
  if (at === -1 || node.indexOf(`${FUSE}:0`, at + 1, 'latin1') !== -1) {
    throw new Error('this Node can hold no program: it has no fuse, or more than one');
  }
  const result = Buffer.from(node);
  result.write('1', at + FUSE.length + 1, 'latin1');
  return result;
}
