/**
 * Runs commands in the modules of the executable, and writes what V8 compiled meanwhile as code caches of the modules.
 *
 * Usage: node FLAGS run.cjs COMMANDS
 *
 * COMMANDS are command lines as JSON. The current directory has the modules and gets a file NAME.cache beside each.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import vm, { type ScriptOptions } from 'node:vm';
import { SAME_EVERYWHERE } from './builtins.ts';
import { setFlagsOfExecutable } from './flags.ts';
import { startServer } from './server.ts';
import { makeSetting } from './setting.ts';

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
  ...SAME_EVERYWHERE,
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
  process.umask(0o022);
  makeSetting();
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const { host } = await startServer(architecture);
  // Every command listens to signals.
  process.setMaxListeners(0);
  let errors = '';
  process.stdout.write = () => true;
  process.stderr.write = (text: unknown) => {
    errors += text;
    return true;
  };
  for (const command of commands) {
    const words = command.map((word) =>
      word.replace('HOST', host).replace('DIRECTORY', process.cwd()).replace('ARCHITECTURE', architecture),
    );
    errors = '';
    process.exitCode = undefined;
    process.argv = [process.execPath, process.execPath, ...words];
    runModule('./main.js');
    while (process.exitCode === undefined) await new Promise((next) => setImmediate(next));
    if (process.exitCode !== 0) throw new Error(`${command.join(' ')} failed: ${errors}`);
  }
}

function writeCaches(): void {
  setFlagsOfExecutable();
  for (const name of readdirSync('.')) {
    if (!name.endsWith('.js') || name === 'module-loader.js') continue;
    const script = scripts.get(name) ?? new vm.Script(asset(name), { filename: name });
    writeFileSync(`${name}.cache`, script.createCachedData());
  }
}

void runCommands(JSON.parse(process.argv[2] ?? '[]')).then(
  () => {
    writeCaches();
    process.exit(0);
  },
  (error: Error) => {
    writeFileSync(2, `${error.stack}\n`);
    process.exit(1);
  },
);
