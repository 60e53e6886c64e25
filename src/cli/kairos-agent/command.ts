import { Command } from 'commander';
import type { Program } from '../run-program.ts';
import { classCommand, common } from './class-command.ts';
import type { StatusFlags } from './status.ts';

const EXAMPLE = `
Example:
  kairos-agent sysext download https://example.org/extensions/k3sv1.32.1.raw
  kairos-agent sysext enable --active --now k3s
  kairos-agent sysext list --active
  kairos-agent sysext remove --now k3s
  kairos-agent status`;

/** `kairos-agent`: manages the extensions of a node. */
export const KAIROS_AGENT: Program = {
  name: 'kairos-agent',
  description: 'Manages system extensions (sysext) and configuration extensions (confext) of this node.',
  example: EXAMPLE,
  build(program, invocation) {
    program.option('--root <DIR>', 'work on the system in this directory; systemd is not called there');
    for (const kind of ['sysext', 'confext'] as const) {
      program.addCommand(classCommand(kind, invocation, program));
    }
    program.addCommand(
      common(new Command('status'))
        .description(
          'Shows the boot, and of both classes what is enabled, what is live, and why the two differ.',
        )
        .copyInheritedSettings(program)
        .addHelpText('after', '\nExample:\n  kairos-agent status --json')
        .action(async (flags: StatusFlags) => {
          const { statusOfAllFromFlags } = await import('./status.ts');
          await statusOfAllFromFlags(flags, program.opts<{ root?: string }>().root, invocation);
        }),
    );
  },
};
