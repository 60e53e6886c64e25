import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accepts } from './connect.ts';
import { freePort, startProcess } from './server-process.ts';

/** An HTTP proxy on this machine. */
export interface ProxyServer {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** What it has logged so far. */
  readonly log: () => string;
  stop(): Promise<void>;
}

/**
 * Starts tinyproxy (Debian package), in a mount namespace of its own where the names given are those of 127.0.0.1: a
 * client that reaches such a name can have done so through the proxy only.
 */
export async function startProxy(
  names: readonly string[],
  user?: { readonly name: string; readonly password: string },
): Promise<ProxyServer> {
  const directory = mkdtempSync(join(tmpdir(), 'tinyproxy-'));
  const port = await freePort();
  const log = join(directory, 'log');
  const at = (name: string): string => join(directory, name);
  writeFileSync(at('hosts'), `127.0.0.1 localhost ${names.join(' ')}\n`);
  writeFileSync(log, '');
  const lines = [
    `Port ${port}`,
    'Listen 127.0.0.1',
    `LogFile "${log}"`,
    'LogLevel Connect',
    'Allow 127.0.0.1',
  ];
  if (user !== undefined) lines.push(`BasicAuth ${user.name} ${user.password}`);
  writeFileSync(at('configuration'), `${lines.join('\n')}\n`);
  const script = 'mount --bind "$1" /etc/hosts && exec tinyproxy -d -c "$2"';
  const server = await startProcess(
    'unshare',
    ['--mount', 'sh', '-c', script, 'sh', at('hosts'), at('configuration')],
    () => accepts({ port }),
  );
  return {
    host: `127.0.0.1:${port}`,
    log: () => readFileSync(log, 'utf8'),
    async stop() {
      await server.stop();
      rmSync(directory, { recursive: true });
    },
  };
}
