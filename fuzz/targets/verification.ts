import { strict as assert } from 'node:assert';
import { ImageError } from '../../src/image/error.ts';
import { SYSEXT } from '../../src/image/extension/kind.ts';
import { parseImagePolicy } from '../../src/image/policy/parse.ts';
import { describeImage } from '../../src/trust/describe-image.ts';
import { verifyImage } from '../../src/trust/verify-image.ts';
import type { Target } from '../engine/target.ts';
import { memorySource } from '../invariants/memory-source.ts';
import { signedDiskImage } from '../seeds/disk-images.ts';
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
 * around it, and the quick verification accepts whatever the full one does.
 */
export const target: Target = {
  seeds: () => [genuine],
  async run(input) {
    const verdict = await verifyImage(memorySource(input), options);
    const quick = await verifyImage(memorySource(input), { ...options, quick: true });
    if (verdict.accepted) {
      assert(verdict.acceptedBy !== undefined, 'accepted by nobody');
      assert(Buffer.from(input).includes(Buffer.from(genuineData)), 'other data than what was signed');
      assert(quick.accepted, 'refused in haste');
    }
    const { description } = await describeImage(memorySource(input), 'fuzz.sysext.raw');
    JSON.stringify(description);
    const refusal = verdict.findings.find(({ level }) => level === 'error');
    if (refusal !== undefined) throw new ImageError('malformed', `${refusal.code}: ${refusal.message}`);
  },
  repair: repairPartitionTable,
};
