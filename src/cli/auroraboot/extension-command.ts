import { Argument, Command, Option } from 'commander';
import type { Invocation } from '../invocation.ts';
import type { ExtensionFlags } from './build-extension.ts';

const EXAMPLES = {
  sysext: `
Examples:
  auroraboot sysext --private-key=db.key --certificate=db.pem grype docker.io/anchore/grype:latest
  auroraboot sysext --layers all --arch arm64 k3s oci:./k3s-image
  auroraboot sysext k3s-1.32.1 dir:./k3s`,
  confext: `
Examples:
  auroraboot confext --private-key=db.key --certificate=db.pem site registry.example.com/site-config:3
  auroraboot confext site dir:./site-config`,
};

const SOURCES = `
SOURCE is a container image, looked for in the Docker daemon and then in its registry, or one of
  docker://REF              an image in a registry
  docker-daemon:REF         an image in the Docker daemon
  docker-archive:FILE[:REF] a file made by docker save
  oci:DIR[:TAG]             an OCI layout directory
  oci-archive:FILE[:TAG]    an OCI layout in a tar file
  dir:PATH                  a directory with the tree in it
  tar:FILE                  a tar file, plain, gzip or zstd; - is standard input

Environment: SOURCE_DATE_EPOCH, AURORABOOT_PASSPHRASE, DOCKER_HOST, DOCKER_CONFIG, HTTPS_PROXY, NO_PROXY,
NO_COLOR.`;

/** `auroraboot sysext` or `auroraboot confext`: builds an extension image. */
export function extensionCommand(kind: 'sysext' | 'confext', invocation: Invocation): Command {
  const what =
    kind === 'sysext' ? 'system extension (extends /usr)' : 'configuration extension (extends /etc)';
  const tree = kind === 'sysext' ? '/usr' : '/etc';
  const level = kind === 'sysext' ? 'sysext-level' : 'confext-level';
  const command = new Command(kind)
    .description(`Builds a ${what} from the last layer of a container image.`)
    .addArgument(new Argument('<NAME>', `name of the extension; the file is NAME.${kind}.raw`))
    .addArgument(new Argument('<SOURCE>', `where the files under ${tree} come from`))
    .option('--private-key <FILE>', 'private key that signs the image, PEM (RSA, or EC P-256 or P-384)')
    .option('--certificate <FILE>', 'certificate of that key, PEM')
    .option('--passphrase-file <FILE>', 'file with the passphrase of the private key')
    .option('--output <DIR>', 'directory of the image', '.')
    .addOption(
      new Option('--arch <ARCH>', 'platform of the container image, and ARCHITECTURE of the extension')
        .choices(['amd64', 'arm64', 'riscv64'])
        .default('amd64'),
    )
    .option('--layers <WHICH>', 'layers taken: last, all, or a number of them from the top', 'last');
  if (kind === 'sysext') command.option('--with-opt', 'take /opt too');
  command
    .option('--service-reload', 'have systemd reload its units after the merge (EXTENSION_RELOAD_MANAGER=1)')
    .addOption(new Option('--service-load', 'the same').hideHelp())
    .option('--id <ID>', 'ID of the systems it fits (default: _any)')
    .option('--version-id <VERSION>', 'VERSION_ID of the systems it fits')
    .option(`--${level} <LEVEL>`, `${level.replace('-', '_').toUpperCase()} of the systems it fits`)
    .option('--scope <WORDS>', 'where it may be used: system, portable, initrd')
    .option('--seed <UUID>', "seed of the image's identifiers (default: the same for every image)")
    .option(
      '--kernel <VERSION>',
      'oldest Linux that is to read it, as in 6.12: makes the smallest image for it',
    )
    .option(
      '--compression <METHOD>',
      'none, lz4, lz4hc (Linux 5.13), deflate (6.6) or zstd (6.10), with a level as in zstd:9 (default: the best for --kernel, else lz4hc)',
    )
    .option(
      '--cluster-size <SIZE>',
      'compressed bytes that are read at once: 4K (lz4: Linux 5.4) to 64K (default: the largest)',
    )
    .option('--json', 'print the result as JSON')
    .option('--quiet', 'print warnings and errors only')
    .option('--debug', 'print more, and stack traces')
    .addHelpText('after', `${SOURCES}\n${EXAMPLES[kind]}`)
    .action(async (name: string, source: string, flags: ExtensionFlags) => {
      const { buildFromFlags } = await import('./build-extension.ts');
      await buildFromFlags(kind, name, source, flags, invocation);
    });
  if (kind === 'confext') command.addOption(new Option('--sysext-level <LEVEL>').hideHelp());
  return command;
}
