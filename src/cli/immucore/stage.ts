import { resolve } from 'node:path';
import { utf8ByteString } from '../../base/byte-string.ts';
import { bootPlaces } from '../../boot/places.ts';
import { runBoot } from '../../boot/run-boot.ts';
import { nodeHost } from '../../node/host/node-host.ts';
import type { Invocation } from '../invocation.ts';
import { Log } from '../log.ts';

/** The flags of immucore as commander gives them. */
export interface StageFlags {
  readonly root: string;
  readonly sysroot?: string;
  readonly cmdline?: string;
  readonly efivars?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

/** Runs the boot stage. */
export async function stageFromFlags(
  flags: StageFlags,
  { terminal, environment }: Invocation,
): Promise<void> {
  const openRoot = (root: string) => nodeHost({ root, environment });
  const log = new Log(terminal, flags.debug === true ? 'debug' : flags.quiet === true ? 'quiet' : 'normal');
  const places = bootPlaces(openRoot(flags.root), openRoot);
  const outside = openRoot('/');
  const evidence = {
    // The two may be anywhere, given or not.
    host: outside,
    commandLine: utf8ByteString(resolve(flags.cmdline ?? `${flags.root}/proc/cmdline`)),
    efivars: utf8ByteString(resolve(flags.efivars ?? `${flags.root}/sys/firmware/efi/efivars`)),
  };
  const { report, hasAbandoned } = await runBoot(
    { ...places, evidence, systemRoot: flags.sysroot },
    {
      debug: flags.debug === true,
      onLog: (level, message) => log[level](message),
    },
  );
  if (flags.json === true) terminal.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  // A disk that does not answer must not hold the boot any longer.
  if (hasAbandoned) {
    const { leave } = await import('./leave.ts');
    leave();
  }
}
