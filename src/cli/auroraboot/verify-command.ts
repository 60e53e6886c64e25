import { Argument, Command } from 'commander';
import type { Invocation } from '../invocation.ts';
import type { VerifyFlags } from './verify-image.ts';

const EXAMPLE = `
Without --certificate, --verity-dir or --efivars nobody's signature is demanded: the image is checked for damage, and
whoever signed it is named. With any of them, the signature must be of one of those keys.

Exit status: 0 accepted, 3 refused, 4 no such file.

Examples:
  auroraboot verify --certificate db.pem k3s.sysext.raw
  auroraboot verify --efivars /sys/firmware/efi/efivars --image-policy root=signed+absent k3s.sysext.raw`;

/** `auroraboot verify`: proves an image, or says what is wrong with it. */
export function verifyCommand(invocation: Invocation): Command {
  const collect = (value: string, before: string[] = []): string[] => [...before, value];
  return new Command('verify')
    .description(
      'Proves an extension image: structure, hash tree, data, signature, content. Never mounts it.',
    )
    .addArgument(new Argument('<IMAGE>', 'image file or block device'))
    .option('--certificate <FILE>', 'accept signatures of this certificate, PEM or DER; repeatable', collect)
    .option(
      '--verity-dir <DIR>',
      'accept signatures of the *.crt in this directory; repeatable, earlier ones win',
      collect,
    )
    .option(
      '--efivars <DIR>',
      "accept signatures of the firmware's PK, KEK and db keys, unless dbx revokes them",
    )
    .option('--image-policy <POLICY>', 'systemd image policy that the image must fit')
    .option('--os-release <FILE>', 'os-release of the host that the image must fit')
    .option('--arch <ARCH>', 'architecture of that host, such as amd64 or x86-64')
    .option('--name <FILE>', 'file name to judge it by, if the file is called otherwise')
    .option('--check-expiry', 'refuse expired certificates, which systemd and the kernel do not')
    .option('--quick', 'leave out the data blocks that nothing else reads')
    .option('--json', 'print the verdict as JSON')
    .option('--quiet', 'print nothing about an image that is accepted')
    .option('--debug', 'print stack traces')
    .addHelpText('after', EXAMPLE)
    .action(async (path: string, flags: VerifyFlags) => {
      const { verifyFromFlags } = await import('./verify-image.ts');
      await verifyFromFlags(path, flags, invocation);
    });
}
