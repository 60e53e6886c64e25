import { strict as assert } from 'node:assert';
import { PARTITION_DESIGNATORS, type PartitionDesignator } from '../../src/image/gpt/read-partition-type.ts';
import { evaluatePolicy } from '../../src/image/policy/evaluate.ts';
import { formatImagePolicy, isEquivalent, simplifyImagePolicy } from '../../src/image/policy/format.ts';
import { parseImagePolicy } from '../../src/image/policy/parse.ts';
import type { PolicySubject } from '../../src/image/policy/subject.ts';
import type { Target } from '../engine/target.ts';
import { texts } from '../seeds/text.ts';

function subject(hasPartitionTable: boolean, ...designators: readonly PartitionDesignator[]): PolicySubject {
  const partition = {
    architecture: undefined,
    readOnly: hasPartitionTable,
    growFileSystem: false,
    fileSystemType: undefined,
  };
  const partitions = new Map(designators.map((designator) => [designator, partition]));
  return { hasPartitionTable, partitions, generic: designators.length === 0 ? [partition] : [] };
}

const SUBJECTS: readonly PolicySubject[] = [
  subject(false, 'root'),
  subject(true, 'root'),
  subject(true, 'usr', 'usr-verity'),
  subject(true, 'root', 'root-verity', 'root-verity-sig', 'home'),
  subject(true, ...PARTITION_DESIGNATORS),
  subject(true),
];

/** An image policy; written in full or in short it means the same. */
export const target: Target = {
  sizeMax: 2048,
  seeds: () =>
    texts(
      '*',
      '-',
      'root=signed+absent:usr=signed+absent:=ignore',
      ' root = verity + read-only-on + growfs-off : swap=encrypted : =unused+absent',
      'usr-verity=open:home=-:root-verity-sig=unprotected',
    ),
  dictionary: [':', '=', '+', ' ', '~', 'open', 'ignore', 'absent', 'root', 'usr'],
  run(input) {
    const policy = parseImagePolicy(Buffer.from(input).toString('utf8'));
    for (const text of [formatImagePolicy(policy), simplifyImagePolicy(policy)]) {
      const again = parseImagePolicy(text);
      assert(isEquivalent(again, policy), `${text} means something else`);
      for (const image of SUBJECTS) {
        assert.equal(evaluatePolicy(again, image).allowed, evaluatePolicy(policy, image).allowed, text);
      }
    }
  },
};
