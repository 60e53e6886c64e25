import { Argument, Command } from 'commander';
import type { Invocation } from '../invocation.ts';

interface GenkeyFlags {
  readonly output: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

const EXAMPLE = `
For each of PK, KEK and db five files are written: .key (private key), .pem and .der (certificate), .esl
(signature list) and .auth (signed update of the firmware's variable). db.key and db.pem sign extensions.

Example:
  auroraboot genkey mylab --output keys`;

/** `auroraboot genkey`: makes the keys of a test firmware. */
export function genkeyCommand({ terminal }: Invocation): Command {
  return new Command('genkey')
    .description('Makes PK, KEK and db keys for a test firmware, and the files that enrol them.')
    .addArgument(new Argument('<NAME>', 'begins the names in the certificates'))
    .option('--output <DIR>', 'directory of the files', '.')
    .option('--force', 'replace files that are there')
    .option('--json', 'print the result as JSON')
    .option('--quiet', 'print nothing but errors')
    .option('--debug', 'print stack traces')
    .addHelpText('after', EXAMPLE)
    .action(async (name: string, flags: GenkeyFlags) => {
      const { generateKeys } = await import('../../trust/genkey.ts');
      const result = await generateKeys({ name, directory: flags.output, force: flags.force === true });
      if (flags.json === true) {
        terminal.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
        return;
      }
      if (flags.quiet === true) return;
      for (const { variable, subject, fingerprint, files } of result.keys) {
        terminal.stdout.write(
          `${variable.padEnd(4)}${subject}\n    SHA-256 ${fingerprint}\n    ${Object.values(files).join(' ')}\n`,
        );
      }
    });
}
