/** Run by integration/passphrase-prompt.test.ts at a pseudo terminal: asks for a passphrase and prints what came of it. */
import { readPassphrase } from '../../src/cli/passphrase.ts';
import { TrustError } from '../../src/trust/error.ts';

const controller = new AbortController();
process.on('SIGINT', () => controller.abort());
try {
  const passphrase = await readPassphrase({
    prompt: 'Passphrase of db.key: ',
    file: process.env.FROM_FILE,
    environmentValue: process.env.FROM_ENVIRONMENT,
    terminal: process,
    signal: controller.signal,
  });
  process.stdout.write(`answer=${JSON.stringify(passphrase.toString())}\n`);
} catch (error) {
  if (!(error instanceof TrustError)) throw error;
  process.stdout.write(`code=${error.code} aborted=${controller.signal.aborted}\n`);
}
