import { Argument, Command } from 'commander';
import { mergeOrder } from '../../image/extension/merge-order.ts';
import type { Invocation } from '../invocation.ts';

const EXAMPLE = `
systemd compares names as versions. Where several extensions have the same file, the last one's is seen.
Names that compare equal have no order of their own; they are reported.

Example:
  auroraboot order 10-base docker-24.0.9 k3s-1.29.10 k3s-1.29.2`;

/** `auroraboot order`: the order in which systemd merges extensions. */
export function orderCommand({ terminal }: Invocation): Command {
  return new Command('order')
    .description('Prints extension names in merge order, the one that wins last.')
    .addArgument(new Argument('<NAME...>', 'names of extensions or of their image files'))
    .option('--json', 'print the result as JSON, with names that compare equal')
    .option('--quiet', 'print the names only')
    .option('--debug', 'print stack traces')
    .addHelpText('after', EXAMPLE)
    .action((names: string[], flags: { json?: boolean; quiet?: boolean }) => {
      const { order, ties } = mergeOrder(names.map(extensionName));
      if (flags.json === true) {
        terminal.stdout.write(`${JSON.stringify({ order, ties }, null, 2)}\n`);
        return;
      }
      terminal.stdout.write(order.map((name) => `${name}\n`).join(''));
      if (flags.quiet === true) return;
      for (const tie of ties) {
        terminal.stderr.write(
          `auroraboot: warning: ${tie.join(', ')} compare equal: their order is undefined\n`,
        );
      }
    });
}

/** The name of an extension, also where the file's name was given. */
function extensionName(name: string): string {
  return name.replace(/(\.sysext|\.confext)?\.raw$/, '');
}
