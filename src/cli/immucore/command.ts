import type { Program } from '../run-program.ts';
import type { StageFlags } from './stage.ts';

const EXAMPLE = `
In the initramfs it is run without arguments. The flags name other places, for tests and to look at a machine from outside.
The exit status is 0 also where extensions were left out: what happened stands in /run/immucore/immucore.log and, as data, in
/run/immucore/extensions.json.

Example:
  immucore
  immucore --root /tmp/initramfs --sysroot /tmp/system --json`;

/** `immucore`: the boot stage. */
export const IMMUCORE: Program = {
  name: 'immucore',
  description:
    'Links the extensions of this boot, and gathers the certificates of the firmware. Runs in the initramfs.',
  example: EXAMPLE,
  build(program, invocation) {
    program
      .option('--root <DIR>', 'the initramfs: where /run, /proc and /sys are', '/')
      .option(
        '--sysroot <DIR>',
        'the system that is booted (default: /sysroot, or the root with a unified kernel image)',
      )
      .option('--cmdline <FILE>', 'the kernel command line (default: /proc/cmdline)')
      .option('--efivars <DIR>', "the firmware's variables (default: /sys/firmware/efi/efivars)")
      .option('--json', 'print the report as JSON')
      .option('--quiet', 'print warnings only')
      .option('--debug', 'print and log more')
      .action(async (flags: StageFlags) => {
        const { stageFromFlags } = await import('./stage.ts');
        await stageFromFlags(flags, invocation);
      });
  },
};
