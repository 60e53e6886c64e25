import { fileURLToPath } from 'node:url';
import { type Outcome, runCommand, succeeded } from './run-command.ts';

const script = fileURLToPath(new URL('../../lab/in-systemd-root.sh', import.meta.url));

/**
 * Runs a command with the systemd 257 root as its `/`; see lab/README.md for what it sees and what it cannot do.
 *
 * `directory` is visible at the same path as outside and is the working directory. The environment is clean but for `env`.
 */
export function inSystemdRoot(
  directory: string,
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return runCommand('sh', [script, directory, 'env', ...assignments, ...command]);
}

/** {@link inSystemdRoot}, for commands that must succeed. */
export async function mustRunInSystemdRoot(
  directory: string,
  command: readonly [string, ...string[]],
  env?: Readonly<Record<string, string>>,
): Promise<Outcome> {
  return succeeded(await inSystemdRoot(directory, command, env));
}
