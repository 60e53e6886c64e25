import { basename } from 'node:path';
import { utf8ByteString } from '../../base/byte-string.ts';
import { UsageError } from '../failure.ts';
import { listFiles } from '../file-listing.ts';
import type { Invocation } from '../invocation.ts';
import { findingLines } from '../verdict-text.ts';
import { withImage } from './image-file.ts';
import { inspectText } from './inspect-text.ts';

/** The flags of `auroraboot inspect` as commander gives them. */
export interface InspectFlags {
  readonly files?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

/** Shows what an image is, or what is in it. */
export async function inspectFromFlags(
  path: string,
  flags: InspectFlags,
  { terminal, signal }: Invocation,
): Promise<void> {
  if (flags.files === true && flags.json === true) {
    throw new UsageError('--files and --json cannot be given together', 'leave one of them out');
  }
  const { describeImage } = await import('../../trust/describe-image.ts');
  await withImage(path, async (image) => {
    const { description, fileSystem } = await describeImage(image, utf8ByteString(basename(path)));
    if (flags.json === true) {
      terminal.stdout.write(`${JSON.stringify(description, null, 2)}\n`);
      return;
    }
    if (flags.files !== true) terminal.stdout.write(inspectText(description));
    else if (fileSystem !== undefined) {
      for await (const line of listFiles(fileSystem)) {
        signal.throwIfAborted();
        terminal.stdout.write(`${line}\n`);
      }
    }
    if (flags.quiet === true) return;
    for (const finding of description.findings) {
      terminal.stderr.write(`${findingLines(finding).join('\n')}\n`);
    }
  });
}
