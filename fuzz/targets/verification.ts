import { strict as assert } from 'node:assert';
import { escapeControls } from '../../src/base/display.ts';
import { inspectText } from '../../src/cli/auroraboot/inspect-text.ts';
import { listFiles } from '../../src/cli/file-listing.ts';
import { verdictText } from '../../src/cli/verdict-text.ts';
import { ImageError } from '../../src/image/error.ts';
import { SYSEXT } from '../../src/image/extension/kind.ts';
import { parseImagePolicy } from '../../src/image/policy/parse.ts';
import { describeImage } from '../../src/trust/describe-image.ts';
import type { Verdict } from '../../src/trust/verdict.ts';
import { verifyImage } from '../../src/trust/verify-image.ts';
import type { Target } from '../engine/target.ts';
import { memorySource } from '../invariants/memory-source.ts';
import { signedDiskImage } from '../seeds/disk-images.ts';
import { fixtures } from '../seeds/fixtures.ts';
import { repairErofsSuperblock } from '../seeds/repair-erofs.ts';
import { repairPartitionTable } from '../seeds/repair-gpt.ts';
import { NOW, trustIn } from '../seeds/trust.ts';

// RSA makes the same signature each time.
const { image: genuine, data: genuineData } = await signedDiskImage('rsa');
const options = {
  trusted: await trustIn('rsa'),
  policy: parseImagePolicy('root=signed+absent:usr=signed+absent'),
  now: NOW,
  fileName: 'fuzz.sysext.raw',
  kind: SYSEXT,
  host: undefined,
};

/**
 * A whole image verified and described. None is accepted but one with the very data that was signed, whatever is
 * around it, the quick verification accepts whatever the full one does, and a terminal can show it all.
 */
export const target: Target = {
  seeds: () => [genuine, genuineData, ...fixtures('test/image/squashfs/fixtures', 'tiny-xz.squashfs.gz')],
  async run(input) {
    const verdict = await verifyImage(memorySource(input), options);
    const quick = await verifyImage(memorySource(input), { ...options, quick: true });
    if (verdict.accepted) {
      assert(verdict.acceptedBy !== undefined, 'accepted by nobody');
      assert(Buffer.from(input).includes(Buffer.from(genuineData)), 'other data than what was signed');
      assert(quick.accepted, 'refused in haste');
    }
    const open = await verifyImage(memorySource(input), {
      ...options,
      trusted: undefined,
      policy: undefined,
    });
    assert(open.accepted || !verdict.accepted, 'refused where nothing is asked for');
    await show(input, verdict, open);
    const refusal = verdict.findings.find(({ level }) => level === 'error');
    if (refusal !== undefined) throw new ImageError('malformed', `${refusal.code}: ${refusal.message}`);
  },
  repair(input) {
    repairPartitionTable(input);
    repairErofsSuperblock(input);
  },
};

async function show(input: Uint8Array, ...verdicts: readonly Verdict[]): Promise<void> {
  const { description, fileSystem } = await describeImage(memorySource(input), 'fuzz.sysext.raw');
  const lines = [inspectText(description), ...verdicts.map((verdict) => verdictText('x', verdict, false))];
  try {
    if (fileSystem !== undefined) for await (const line of listFiles(fileSystem)) lines.push(line);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
  }
  for (const line of lines.join('\n').split('\n'))
    assert.equal(escapeControls(line), line, 'it spoils the terminal');
}
