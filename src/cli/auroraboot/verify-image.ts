import { basename } from 'node:path';
import { utf8ByteString } from '../../base/byte-string.ts';
import { escapeControls } from '../../base/display.ts';
import { parseImagePolicy } from '../../image/policy/parse.ts';
import { openStores } from '../../trust/stores/open-stores.ts';
import { verifyImage } from '../../trust/verify-image.ts';
import { UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { Progress } from '../progress.ts';
import { verdictText } from '../verdict-text.ts';
import { withImage } from './image-file.ts';
import { parseArchitecture, readOsRelease } from './values.ts';

/** The flags of `auroraboot verify` as commander gives them. */
export interface VerifyFlags {
  readonly certificate?: readonly string[];
  readonly verityDir?: readonly string[];
  readonly efivars?: string;
  readonly imagePolicy?: string;
  readonly osRelease?: string;
  readonly arch?: string;
  readonly name?: string;
  readonly checkExpiry?: boolean;
  readonly quick?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

/** Exit status where an image is refused. */
const REFUSED = 3;

/** Verifies an image as the flags say, and prints the verdict. */
export async function verifyFromFlags(
  path: string,
  flags: VerifyFlags,
  invocation: Invocation,
): Promise<void> {
  const { terminal, signal } = invocation;
  const policy = flags.imagePolicy === undefined ? undefined : parseImagePolicy(flags.imagePolicy);
  if (flags.arch !== undefined && flags.osRelease === undefined) {
    throw new UsageError(
      '--arch is given without --os-release',
      'the two together say which host the image must fit',
    );
  }
  const architecture = flags.arch === undefined ? undefined : parseArchitecture(flags.arch);
  const osRelease = flags.osRelease === undefined ? undefined : await readOsRelease(flags.osRelease);
  const { certificate: certificateFiles = [], verityDir: verityDirectories = [], efivars } = flags;
  const isDemanded = certificateFiles.length > 0 || verityDirectories.length > 0 || efivars !== undefined;
  const trusted = isDemanded
    ? await openStores({ certificateFiles, verityDirectories, efivarsDirectory: efivars })
    : undefined;
  const progress = new Progress(terminal, flags.quiet === true);
  progress.start('🔎 Verifying', undefined);
  let done = 0;
  const verdict = await withImage(path, (image) =>
    verifyImage(image, {
      fileName: utf8ByteString(flags.name ?? basename(path)),
      kind: undefined,
      trusted,
      policy,
      host: osRelease && { osRelease, architecture },
      quick: flags.quick === true,
      checkExpiry: flags.checkExpiry === true,
      now: new Date(),
      onProgress: (now) => {
        progress.add(now - done);
        done = now;
      },
      signal,
    }),
  ).finally(() => progress.clear());
  if (!verdict.accepted) invocation.exitStatus = REFUSED;
  if (flags.json === true) terminal.stdout.write(`${JSON.stringify({ image: path, ...verdict }, null, 2)}\n`);
  else if (flags.quiet !== true || !verdict.accepted) {
    terminal.stdout.write(verdictText(escapeControls(path), verdict, flags.quick === true));
  }
}
