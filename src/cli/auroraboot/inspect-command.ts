import { Argument, Command } from 'commander';
import type { Invocation } from '../invocation.ts';
import type { InspectFlags } from './inspect-image.ts';

const EXAMPLE = `
Nothing shown is verified; auroraboot verify does that.

Examples:
  auroraboot inspect k3s.sysext.raw
  auroraboot inspect --files k3s.sysext.raw
  auroraboot inspect --json k3s.sysext.raw | jq -r .verity.rootHash`;

/** `auroraboot inspect`: shows what an image is. */
export function inspectCommand(invocation: Invocation): Command {
  return new Command('inspect')
    .description('Shows what systemd-dissect shows of an image, and more. Never mounts it, needs no root.')
    .addArgument(new Argument('<IMAGE>', 'image file or block device'))
    .option('--files', 'list the files in it, as ls -l does')
    .option('--json', 'print the description as JSON, by the names of systemd-dissect --json')
    .option('--quiet', 'print no findings')
    .option('--debug', 'print stack traces')
    .addHelpText('after', EXAMPLE)
    .action(async (path: string, flags: InspectFlags) => {
      const { inspectFromFlags } = await import('./inspect-image.ts');
      await inspectFromFlags(path, flags, invocation);
    });
}
