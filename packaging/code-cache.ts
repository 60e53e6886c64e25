/**
 * Makes V8's code caches of the modules of the executable, so that its start compiles nothing: runs in them what is to start
 * quickly, and writes what was compiled meanwhile. The same bytes every time, under the flags that packaging/make-code-caches.ts gives.
 *
 * Usage: node FLAGS code-cache.cjs COMMANDS
 *
 * COMMANDS are command lines as JSON. The current directory has the modules and gets a file NAME.cache beside each.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import vm, { type ScriptOptions } from 'node:vm';

/** A root directory without extensions, booted from the active system, for the commands. */
mkdirSync('root/proc', { recursive: true });
writeFileSync('root/proc/cmdline', 'COS_ACTIVE\n');

const asset = (name: string): string => readFileSync(name, 'latin1');
const scripts = new Map<string, vm.Script>();
/** One script for each module, however often it is loaded, so that the compiled functions gather. */
class SharedScript {
  constructor(source: string, { filename = '' }: ScriptOptions) {
    let script = scripts.get(filename);
    if (script === undefined) {
      script = new vm.Script(source, { filename });
      scripts.set(filename, script);
    }
    // biome-ignore lint/correctness/noConstructorReturn: the loader asks for a new one
    return script;
  }
}
const builtins: Readonly<Record<string, unknown>> = {
  'node:sea': {
    isSea: () => true,
    getAsset: asset,
    getRawAsset: (name: string) => (name.endsWith('.cache') ? Buffer.alloc(0) : Buffer.from(asset(name))),
  },
  'node:vm': { ...vm, Script: SharedScript },
};
const runModule = new Function('require', `${asset('module-loader.js')}return runModule;`)(
  (name: string) => builtins[name] ?? require(name),
) as (entry: string) => void;

async function runCommands(commands: readonly (readonly string[])[]): Promise<void> {
  process.stdout.write = () => true;
  process.stderr.write = () => true;
  for (const command of commands) {
    process.exitCode = undefined;
    process.argv = [process.execPath, process.execPath, ...command];
    runModule('./main.js');
    while (process.exitCode === undefined) await new Promise((next) => setImmediate(next));
    if (process.exitCode !== 0)
      throw new Error(`${command.join(' ')} failed in the making of the code cache`);
  }
}

function writeCaches(): void {
  // The flags that make this repeatable are not those of the executable, which only takes a cache of the same flags.
  for (const flag of ['--hash-seed=0', '--flush-bytecode', '--no-predictable']) setFlagsFromString(flag);
  const names = readdirSync('.').filter((name) => name.endsWith('.js') && name !== 'module-loader.js');
  for (const name of names.sort()) {
    const script = scripts.get(name) ?? new vm.Script(asset(name), { filename: name });
    writeFileSync(`${name}.cache`, script.createCachedData());
  }
}

void runCommands(JSON.parse(process.argv[2] ?? '[]')).then(() => {
  writeCaches();
  process.exit(0);
});
