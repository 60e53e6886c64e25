import type { Program } from '../run-program.ts';
import { classCommand } from './class-command.ts';

const EXAMPLE = `
Example:
  kairos-agent sysext download https://example.org/extensions/k3sv1.32.1.raw
  kairos-agent sysext enable --active --now k3s
  kairos-agent sysext list --active
  kairos-agent sysext remove --now k3s`;

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
  },
};
