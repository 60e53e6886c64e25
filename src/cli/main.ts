/**
 * The one program behind the command names: the first argument says which. The executables in bin/ pass the
 * name they were called by.
 */
import { reportFailure, UsageError } from './failure.ts';
import { processTerminal } from './terminal.ts';

const APPLETS: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<number> }>>> = {
  auroraboot: () => import('./auroraboot/command.ts'),
  'kairos-agent': () => import('./kairos-agent/command.ts'),
  immucore: () => import('./immucore/command.ts'),
};

const [name = '', ...args] = process.argv.slice(2);
const load = Object.hasOwn(APPLETS, name) ? APPLETS[name] : undefined;
if (load === undefined) {
  const known = Object.keys(APPLETS).join(', ');
  const error = new UsageError(`'${name}' is none of the commands of this program`, `they are: ${known}`);
  process.exitCode = reportFailure(error, processTerminal(), {
    command: 'kairos-sysext',
    debug: false,
    json: false,
  });
} else {
  // A reader that went away (`auroraboot … | head`) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  process.exitCode = await (await load()).run(args);
}
